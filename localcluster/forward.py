"""Carries connections from the host's loopback to the API server in the private engine's network namespace.

Started by ``api_access`` with a listening socket of the host, inside the namespace: each connection that it
accepts there goes on to the port of the API server here. Nothing else of the namespace can be reached.
"""

import asyncio
import socket
import sys

CHUNK = 65536


async def carry(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Connect to ``port`` on this loopback and copy bytes both ways until both ends have finished."""
    try:
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.close()
        return
    try:
        await asyncio.gather(copy(reader, onward_writer), copy(onward_reader, writer))
    finally:
        writer.close()
        onward_writer.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction and pass its end on; a broken connection breaks the other one."""
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


async def serve(descriptor: int, port: int) -> None:
    """Accept connections on the inherited socket until this process ends."""
    listener = socket.socket(fileno=descriptor)
    server = await asyncio.start_server(lambda reader, writer: carry(port, reader, writer), sock=listener)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
