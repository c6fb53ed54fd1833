"""The request head that goes to a worker."""

from edge.runtime.proxy.upload import render_head


def test_headers_pass_and_hop_by_hop_ones_do_not() -> None:
    headers = [(b"host", b"x"), (b"connection", b"keep-alive"), (b"x-a", b"1"), (b"x-a", b"2")]

    head, is_chunked = render_head("GET", b"/fn?a=1", headers)

    assert head == b"GET /fn?a=1 HTTP/1.1\r\nhost: x\r\nx-a: 1\r\nx-a: 2\r\n\r\n"
    assert not is_chunked


def test_a_body_of_unknown_length_goes_in_chunks() -> None:
    head, is_chunked = render_head("POST", b"/fn", [(b"transfer-encoding", b"chunked")])

    assert (head.count(b"transfer-encoding: chunked"), is_chunked) == (1, True)


def test_a_length_wins_over_chunks() -> None:
    headers = [(b"transfer-encoding", b"chunked"), (b"content-length", b"3")]

    head, is_chunked = render_head("POST", b"/fn", headers)

    assert b"transfer-encoding" not in head
    assert not is_chunked
