"""Makes the files of a task with the procedural painter; pure, a few hundred milliseconds each."""

from collections.abc import Callable

from PIL import Image

from workers.errors import BadTaskError
from workers.images import (
    describe_file,
    encode_png,
    find_media_type,
    make_thumbnail,
    open_image,
    parameters,
)
from workers.local.picture import MODEL, Picture, caption, draw_scene
from workers.local.remix import remix
from workers.local.video import make_video
from workers.task import File, ImageTask, Pipeline, Result


def draw(task: ImageTask, on_progress: Callable[[float], None] | None = None) -> Result:
    """Make all files. Raises BadTaskError for a reference that is missing or not an image.

    `on_progress` gets the share that is done; what it raises ends the drawing.
    """
    reference = open_image(task.reference) if task.reference is not None else None
    if reference is None and task.pipeline in {Pipeline.IMAGE_TO_IMAGE, Pipeline.COPY}:
        raise BadTaskError("The job has no reference image.")
    files: list[File] = []
    count = 1 if task.pipeline is Pipeline.VIDEO else task.count
    for index in range(count):
        files.append(_make(task, reference, index))
        if on_progress:
            on_progress((index + 1) / count)
    return Result(MODEL, tuple(files))


def _make(task: ImageTask, reference: Image.Image | None, index: int) -> File:
    if task.pipeline is Pipeline.VIDEO:
        return make_video(task, reference)
    if task.pipeline is Pipeline.COPY:
        return _copy(task)
    wanted = Picture(task.prompt, task.seed, task.width, task.height, index)
    image = draw_scene(wanted) if reference is None else remix(reference, wanted, task.denoise)
    image = caption(image, task.prompt)
    content = encode_png(image, parameters(task, task.seed, MODEL))
    return File(content, "image/png", image.width, image.height, task.seed, make_thumbnail(image))


def _copy(task: ImageTask) -> File:
    """Return the reference unchanged."""
    assert task.reference is not None
    file = describe_file(task.reference, task.seed)
    assert find_media_type(file.content) == file.media_type
    return file
