"""Mail templates in Go's language."""

import pytest

from edge.emulator.auth.mail.go_template import TemplateError, render_template

VALUES = {"Email": "a@b.co", "Data": {"name": "<Ann>", "plan": "pro"}, "Token": "123456"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{ .Email }}", "Hi a@b.co"),
        ("{{.Data.name}}", "&lt;Ann&gt;"),
        ("{{ .Data.missing }}{{ .Nothing.at.all }}", ""),
        ("{{ if .Token }}yes{{ else }}no{{ end }}", "yes"),
        ("{{ if .Missing }}yes{{ else }}no{{ end }}", "no"),
        ('{{ if eq .Data.plan "free" "pro" }}paid{{ end }}', "paid"),
        ('{{ if ne .Data.plan "pro" }}a{{ else if .Token }}b{{ else }}c{{ end }}', "b"),
        ("{{ if and .Token (not .Missing) }}x{{ end }}", "x"),
        ("{{ with .Data }}{{ .plan }}{{ end }}", "pro"),
        ("a {{- .Token -}} b", "a123456b"),
        ("{{/* a comment */}}x", "x"),
        ("{{ or .Missing `quoted` }}", "quoted"),
    ],
)
def test_templates(template: str, text: str) -> None:
    assert render_template(template, VALUES) == text


@pytest.mark.parametrize(
    "template",
    [
        *("{{ if .Token }}", "{{ end }}", "{{ else }}", "{{ Token }}", "{{ range .X }}", "{{ }}"),
        *("{{ eq }}", "{{ (.Token }}", "{{ .A .B }}"),
    ],
)
def test_malformed_templates_are_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        render_template(template, VALUES)


def test_subjects_are_not_escaped() -> None:
    assert render_template("{{ .Data.name }}", VALUES, escapes=False) == "<Ann>"
