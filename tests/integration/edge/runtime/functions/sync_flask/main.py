"""A plain synchronous function that never heard of this project."""

from flask import Request, jsonify


def main(request: Request):
    print("sync function was called")  # noqa: T201
    if request.method == "GET":
        return {"method": request.method}, 201, {"x-own": "1"}
    return jsonify(echo=request.get_json(), args=request.args.to_dict())
