"""Reading what somebody else sends, which may have no end."""

import aiohttp

PIECE = 64 * 2**10


async def whole(response: aiohttp.ClientResponse, largest: int) -> bytes | None:
    """The body of an answer, after decompression; None where it has more bytes than that, and is read no further."""
    body = bytearray()
    async for piece in response.content.iter_chunked(PIECE):
        body += piece
        if len(body) > largest:
            return None
    return bytes(body)
