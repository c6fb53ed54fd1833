import pytest

from shared.prompts.template import Template, TemplateKey, find_template, is_exact

KEY = TemplateKey("sdxl", "qwen_instruct", "image", "enhancement", "sfw")
ADULT = KEY._replace(content_mode="nsfw")
BASE = KEY._replace(enhancer_model="qwen_base")


def templates(*keys: TemplateKey) -> dict[TemplateKey, Template]:
    return {key: Template(str(i), f"t{i}", key, "…", 75) for i, key in enumerate(keys)}


@pytest.mark.parametrize(
    ("wanted", "stored", "found"),
    [
        (KEY, (KEY, BASE, ADULT), KEY),
        (KEY, (BASE, ADULT), BASE),
        (KEY, (ADULT,), None),
        (KEY, (ADULT._replace(enhancer_model="qwen_base"),), None),
        (ADULT, (KEY,), KEY),
        (ADULT, (KEY, ADULT), ADULT),
        (KEY, (KEY._replace(target_model="wan"),), None),
        (KEY, (KEY._replace(job_type="video"),), None),
        (KEY._replace(enhancer_model="other"), (KEY,), None),
        (KEY, (), None),
    ],
)
def test_the_closest_template_is_chosen(
    wanted: TemplateKey, stored: tuple[TemplateKey, ...], found: TemplateKey | None
) -> None:
    template = find_template(templates(*stored), wanted)

    assert (template.key if template else None) == found
    assert template is None or is_exact(template, wanted) == (found == wanted)
