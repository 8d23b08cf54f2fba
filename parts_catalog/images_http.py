"""The HTTP door of pictures: uploaded as bytes, served as what they are, and kept by browsers for good."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from foundation.database import Database
from foundation.http import NO_NUL, ActorDependency, problem_responses
from foundation.identity import Actor
from foundation.pictures import MOST_BYTES, file_of
from foundation.refusals import Invalid, NotFound
from parts_catalog.images import (
    Image,
    add_image,
    get_image,
    images_of,
    may_picture,
    remove_image,
)

Key = Annotated[str, InPath(max_length=64, pattern=NO_NUL)]
HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}
KINDS = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/png", "image/jpeg", "image/webp")}


class ImageView(BaseModel):
    id: str
    url: str = Field(examples=["/v1/parts/part_3f0c/images/img_7q"])
    media_type: str = Field(examples=["image/webp"])
    width: int
    height: int
    bytes: int
    created_at: datetime


class ImagesView(BaseModel):
    items: list[ImageView]


def router(database: Database, current_actor: ActorDependency, folder: Path) -> APIRouter:
    """Give the routes of pictures, whose files lie in `folder`."""
    routes = APIRouter(prefix="/v1/parts/{part}/images", tags=["parts"])
    acting = Annotated[Actor, Depends(current_actor)]

    @routes.get(
        "",
        dependencies=[Depends(current_actor)],
        responses=problem_responses(401, 404, 422),
        summary="The pictures of a part",
    )
    def images(part: Key) -> ImagesView:
        with database.unit() as unit:
            return ImagesView(items=[_view(one) for one in images_of(unit, part)])

    @routes.post(
        "",
        status_code=201,
        responses=problem_responses(401, 403, 404, 409, 422),
        openapi_extra=BODY,
        summary="Put a PNG, JPEG or WebP of at most 5 MB to a part whose brand your house keeps or that it sells",
    )
    async def add(request: Request, actor: acting, part: Key) -> ImageView:
        await run_in_threadpool(_check, database, actor, part)
        content = await _read(request)
        return await run_in_threadpool(_add, database, actor, part, content, folder)

    @routes.get(
        "/{image}",
        dependencies=[Depends(current_actor)],
        response_class=FileResponse,
        responses={200: {"content": KINDS}, **problem_responses(401, 404, 422)},
        summary="A picture itself; it never changes",
    )
    def show(part: Key, image: Key) -> FileResponse:
        with database.unit() as unit:
            return image_response(folder, get_image(unit, part, image))

    @routes.delete(
        "/{image}",
        status_code=204,
        responses=problem_responses(401, 403, 404, 422),
        summary="Take away a picture that your house put there",
    )
    def remove(actor: acting, part: Key, image: Key) -> None:
        with database.unit() as unit:
            remove_image(unit, actor, part, image)

    return routes


def image_response(folder: Path, image: Image) -> FileResponse:
    """Give the answer that is a picture; raises `NotFound` where its file was lost."""
    path = file_of(folder, image.sha256)
    if not path.is_file():
        raise NotFound(f"the file of picture {image.id} is not here")
    return FileResponse(path, media_type=image.media_type, headers={**HEADERS, "ETag": f'"{image.sha256}"'})


async def _read(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise Invalid(f"a picture has at most {MOST_BYTES >> 20} MB")
    return bytes(content)


def _check(database: Database, actor: Actor, part: str) -> None:
    with database.unit() as unit:
        may_picture(unit, actor, part)


def _add(database: Database, actor: Actor, part: str, content: bytes, folder: Path) -> ImageView:
    with database.unit() as unit:
        return _view(add_image(unit, actor, part, content, folder))


def _view(image: Image) -> ImageView:
    told = {name: getattr(image, name) for name in ("id", "media_type", "width", "height", "bytes", "created_at")}
    return ImageView(url=f"/v1/parts/{image.part}/images/{image.id}", **told)
