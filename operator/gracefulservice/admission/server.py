"""The webhook's HTTPS server: bytes in, bytes out, certificates changed while it runs."""

import asyncio
import os
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import orjson
import structlog
from aiohttp import web

from gracefulservice.admission import review
from gracefulservice.admission.certificates import Keys, Pair
from gracefulservice.admission.keeper import Keeper
from gracefulservice.admission.review import Question
from gracefulservice.cluster.kinds import GRACEFUL_SERVICE, Object
from gracefulservice.cluster.wire import ApiServer
from gracefulservice.errors import Failure, Invalid

PATH = "/validate"
LARGEST = 8 * 2**20
"""Bytes of a question: the API server takes objects of 3 MiB, and sends the old one along."""
AT_A_TIME = 8
"""Questions that are held in memory; the others wait."""
WITHIN, READ_WITHIN = 4.5, 2.0
"""Seconds: the API server gives up after 5. The second for reading the other services of the namespace."""
PERIOD = 30.0
"""Seconds between two looks at the keys."""
UNREAD = (
    "The other GracefulServices of the namespace cannot be read now, so nobody knows whether one has the same already."
)

log = structlog.stdlib.get_logger(__name__)

Observe = Callable[[str, float], None]
"""Told after each answer: `allowed`, `refused`, `unreadable` or `late`, and seconds."""


class Webhook:
    """Answers questions. Needs nothing of the loop, and no lease."""

    def __init__(self, api: ApiServer, observe: Observe = lambda _result, _seconds: None) -> None:
        self._api, self._observe = api, observe
        self._places = asyncio.Semaphore(AT_A_TIME)

    async def validate(self, request: web.Request) -> web.Response:
        """One question. Whoever does not ask one is told so in a sentence."""
        started = time.monotonic()
        result, response = await self._timely(request)
        self._observe(result, time.monotonic() - started)
        return response

    async def _timely(self, request: web.Request) -> tuple[str, web.Response]:
        try:
            async with asyncio.timeout(WITHIN), self._places:
                answer = await self._answer(await request.read())
        except TimeoutError:
            return "late", web.Response(text="The question cannot be answered in time.", status=503)
        except web.HTTPRequestEntityTooLarge:
            return "unreadable", web.Response(text=f"The question is larger than {LARGEST} bytes.", status=413)
        except Invalid as wrong:
            return "unreadable", web.Response(text=wrong.sentence, status=400)
        result = "allowed" if answer["response"]["allowed"] else "refused"
        return result, web.Response(body=orjson.dumps(answer), content_type="application/json")

    async def _answer(self, body: bytes) -> Object:
        """In a thread, because a large spec takes a while and the lease has to be renewed meanwhile."""
        question, claims = await asyncio.to_thread(_read, body)
        others, unread = await self._others(question) if claims else ([], "")
        return await asyncio.to_thread(review.answer, question, others, unread)

    async def _others(self, question: Question) -> tuple[list[Object], str]:
        """The services beside it, or why they are not known: that refuses nothing."""
        try:
            async with asyncio.timeout(READ_WITHIN):
                return await self._api.list_all(GRACEFUL_SERVICE, question.namespace), ""
        except (Failure, TimeoutError):
            return [], UNREAD


def _read(body: bytes) -> tuple[Question, bool]:
    """The question, and whether other services matter for it."""
    question = review.read(body)
    return question, any(question.claim)


async def run(keeper: Keeper, webhook: Webhook, port: int, answering: asyncio.Event, period: float = PERIOD) -> None:
    """Serve from the moment there are keys, always with those of the last look, until cancelled.

    `answering` is set meanwhile: a replica that is ready without it would leave questions without an answer.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served: Pair | None = None
    async with AsyncExitStack() as stack:
        async for keys in looked_at(keeper, period):
            if served is None or served.certificate != keys.serving.certificate:
                load(context, keys.serving)
            if served is None:
                await stack.enter_async_context(serving(webhook, context, port))
                stack.callback(answering.clear)
                answering.set()
            served = keys.serving


async def looked_at(keeper: Keeper, period: float) -> AsyncIterator[Keys]:
    """The keys again and again. While they cannot be had, that is said once for each reason."""
    trouble = ""
    while True:
        try:
            keys = await keeper.keep()
        except Failure as failure:
            if failure.sentence != trouble:
                log.warning("The keys of the webhook could not be looked at.", why=failure.sentence)
            trouble = failure.sentence
        else:
            trouble = ""
            yield keys
        await asyncio.sleep(period * random.uniform(0.8, 1.2))


@asynccontextmanager
async def serving(webhook: Webhook, context: ssl.SSLContext, port: int) -> AsyncIterator[None]:
    """Answer on every interface."""
    application = web.Application(client_max_size=LARGEST)
    application.router.add_post(PATH, webhook.validate)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port, ssl_context=context).start()
        yield
    finally:
        await runner.cleanup()


def load(context: ssl.SSLContext, pair: Pair) -> None:
    """Show this certificate from the next handshake on; connections that stand go on.

    `ssl` reads files only, and the container has no place to write: it gets the ends of two pipes.
    """
    with piped(pair.certificate_pem) as certificate, piped(pair.key_pem) as key:
        context.load_cert_chain(certificate, key)


@contextmanager
def piped(content: bytes) -> Iterator[str]:
    """A path from which the content can be read once. It has to fit into a pipe: some 16 KiB."""
    ours, theirs = os.pipe()
    try:
        os.write(theirs, content)
        os.close(theirs)
        yield f"/dev/fd/{ours}"
    finally:
        os.close(ours)
