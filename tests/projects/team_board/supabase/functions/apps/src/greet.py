async def main(request):
    return {"hello": (await request.json())["name"]}
