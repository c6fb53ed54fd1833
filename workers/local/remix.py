"""Starts a picture from a reference: the higher the denoise strength, the less is left of it."""

from PIL import Image, ImageOps

from workers.images import fit
from workers.local.picture import Picture, draw_scene, read_palette


def remix(reference: Image.Image, wanted: Picture, denoise: float) -> Image.Image:
    """Return the reference itself at 0, the prompt's own scene at 1, and a mixture between.

    In between the reference is first tinted with the colours that the prompt asks for.
    """
    base = fit(reference, wanted.width, wanted.height)
    share = min(max(denoise, 0.0), 1.0)
    if share == 0:
        return base.copy()
    drawn = draw_scene(wanted)
    if share == 1:
        return drawn
    dark, bright, middle = read_palette(wanted)
    tinted = ImageOps.colorize(ImageOps.grayscale(base), dark, bright, middle)
    return Image.blend(base, Image.blend(tinted, drawn, share), share)
