"""Transcripts for the tests of the language engine: samples, and a Hypothesis strategy."""

import json

from hypothesis import strategies as st

from tests.support.paths import SAMPLES

DISCOVERY = (SAMPLES / "discovery_call.txt").read_text()
SUBTITLES = (SAMPLES / "objection_call.vtt").read_text()
RENEWAL = (SAMPLES / "renewal_call.srt").read_text()
RECIPE = (SAMPLES / "bread_recipe.txt").read_text()
GYM = "\n".join(
    f"{each['speaker']}: {each['text']}"
    for each in json.loads((SAMPLES / "gym_membership_call.json").read_text())["segments"]
)
SALES_TALKS = {"discovery": DISCOVERY, "vtt": SUBTITLES, "srt": RENEWAL, "gym": GYM}

WEATHER = """Anna: What do you think of the rain?
Ben: I don't like it, it is too cold for me. Do you want to go out later?
Anna: Maybe tomorrow. How was the weekend at the lake?
Ben: Great, thanks. The children loved it, we swam every morning.
Anna: I understand, that sounds lovely."""
LOREM = (
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit. Sed do eiusmod tempor incididunt ut"
    " labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation."
)
SOURCE_CODE = '''class Invoice:
    """A bill for a customer; the price includes the discount."""

    def __init__(self, customer: Customer, price: Decimal) -> None:
        self.customer = customer
        self.price = price

    def total(self, discount: Decimal = Decimal(0)) -> Decimal:
        if discount > self.price:
            raise ValueError("discount is too high")
        return self.price - discount
'''
NO_SALES = {"recipe": RECIPE, "weather": WEATHER, "lorem": LOREM, "code": SOURCE_CODE}

_LINES = (
    "That's too expensive for us.",
    "I hear you, what would make it worth the price?",
    "We need to talk to our CFO about the budget",
    "what happens if the pilot doesn't work?",
    "I'll send you the proposal by Friday.",
    "  our customers save 30 % in the first year…",
    "“Who else decides?” she asked me \u2013 twice!",
    "Great, that makes sense; let's do it.",
    "Our platform helps teams like yours. You can cancel any time.",
    "Ja, das ist zu teuer für uns. ¿Cuánto cuesta? 価格は高いです。本当に\uff1f",
    "um so yeah I think we already have a vendor and you know they are cheaper and the contract"
    " runs until june so I am not sure about switching because the team hates new tools",
    "Dr. Smith paid $1,200.50 at 3.30 p.m. (no discount).",
    '<b>not</b> interested & \\n "quoted" {json: [1]}',
    "...",
    "",
)
_LABELS = (
    "",
    "Rep: ",
    "Customer: ",
    "Rep: ",
    "Customer: ",
    "Anna Lee: ",
    "Ben (Buyer): ",
    "[00:12] Anna Lee: ",
)
_LABELS += ("- ", "* ", "12. ", "00:01:02.000 --> 00:01:04.000\n", "<v Ben>", "\t")
_ENDS = ("\n", "\n", "\n\n", "\r\n", " ", "\n[…]\n", "\n7\n")

_pieces = st.tuples(
    st.sampled_from(_LABELS),
    st.one_of(st.sampled_from(_LINES[:9]), st.sampled_from(_LINES), st.text(max_size=40)),
    st.sampled_from(_ENDS),
).map("".join)
_conversations = st.lists(_pieces, min_size=2, max_size=25).map("".join)
transcripts = st.one_of(_conversations, _conversations, _conversations, st.text(max_size=300))
