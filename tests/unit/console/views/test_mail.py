"""Links and codes that a mail offers."""

from console.views.mail import find_codes, find_links


def test_links_are_found_once_and_without_what_surrounds_them() -> None:
    text = 'See http://a.test/verify?token=1&type=x. <a href="http://a.test/verify?token=1&amp;type=x">'

    assert find_links(text) == ["http://a.test/verify?token=1&type=x"]


def test_codes_are_not_taken_from_links_or_longer_words() -> None:
    text = "Code: 123456\nhttp://a.test/654321?token=111111 or order-222222 and 12345678901"

    assert find_codes(text) == ["123456"]


def test_a_mail_without_either_offers_none() -> None:
    assert find_links("Hello") == []
    assert find_codes("In 2026 you had 12 visits") == []
