"""Only callers with a token."""


def main(request):
    return {"you": request.headers["authorization"][:7]}
