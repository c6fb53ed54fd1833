"""A plain synchronous function that never heard of this project."""


def main(request):
    print("sync function was called")  # noqa: T201
    return {"method": request.method}, 201
