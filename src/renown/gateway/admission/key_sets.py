"""Where the keys that verify tokens come from: settings, files that may change, a URL that rotates them."""

import asyncio
import contextlib
import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from renown.errors import SettingsError

__all__ = ["FetchedKeys", "FixedKeys", "KeySource", "WatchedKeys", "key_set_file", "public_key_file"]

_LOG = logging.getLogger("renown.gateway")
_LOOK_EVERY: Final = 1.0
"""Seconds between two looks whether a file changed."""
_LEAST_AGE: Final = 60.0
_USUAL_AGE: Final = 600.0
_MOST_AGE: Final = 86_400.0
"""Seconds that fetched keys are kept: as the server says, within bounds, so that one that says nothing
sensible is neither asked without end nor trusted for ever."""
_LEAST_GAP: Final = 5.0
"""Seconds between two fetches for keys nobody knows: made-up ids in tokens must not flood the server."""
_MOST_NAMED: Final = 1_000
"""Unknown ids that are remembered until the next fetch."""
_RETRY: Final = (1.0, 60.0)
"""Least and most seconds before a failed fetch is tried again."""
_TIMEOUT: Final = 5.0
_LARGEST: Final = 1_048_576
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,9})")
_NOT_KEPT = re.compile(r"(?:^|[,\s])no-(?:store|cache)\b")


class KeySource(Protocol):
    """Some of the keys of a verifier."""

    def keys(self) -> list[Key]:
        """Return the keys that are good now; the same list as long as they are the same."""
        ...


class FixedKeys:
    """Keys that never change, though they may end."""

    def __init__(self, keys: list[Key], until: float | None, clock: Callable[[], float]) -> None:
        """Take keys that are good `until` a POSIX time; None: for good."""
        self._keys = keys
        self._until = until
        self._clock = clock

    def keys(self) -> list[Key]:
        """Return the keys until their time is over."""
        if self._until is not None and self._clock() >= self._until:
            self._keys = []
            self._until = None
        return self._keys


class WatchedKeys:
    """The keys in a file, read again when it changes. A file that goes bad leaves the keys as they were."""

    def __init__(self, path: str, field: str, parse: Callable[[str, str], list[Key]]) -> None:
        """Read the file; raise `SettingsError` when it cannot be used."""
        self._path = path
        self._field = field
        self._parse = parse
        self._seen = _identity(path)
        self._keys = parse(path, field)
        self._due = time.monotonic() + _LOOK_EVERY

    def keys(self) -> list[Key]:
        """Return the keys of the file as it was up to a second ago."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _LOOK_EVERY
            self._look()
        return self._keys

    def _look(self) -> None:
        identity = _identity(self._path)
        if identity == self._seen:
            return
        try:
            self._keys = self._parse(self._path, self._field)
        except SettingsError as error:
            _LOG.warning("the keys stay as they were: %s", error.detail)
        else:
            self._seen = identity
            _LOG.info("keys were read anew from %s", self._path)


class FetchedKeys:
    """The key set behind a URL, fetched in the background; what was fetched last stays good meanwhile."""

    def __init__(self, url: str, field: str) -> None:
        """Take the address; nothing is fetched before `start`, or before somebody wants keys.

        Raises:
            SettingsError: it is no HTTP address.

        """
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, TypeError) as error:
            raise SettingsError(f"{url} is no URL: {error}", field=field, expected="https://…") from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise SettingsError(f"{url} is no HTTP address", field=field, expected="https://…")
        self._url = url
        self._keys: list[Key] = []
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._fetched: asyncio.Future[None] | None = None
        self._asked_at = -_LEAST_GAP
        self._failed = False
        self._named: set[str] = set()
        self._missing: set[str] = set()
        self.age = 0.0
        """For how many seconds what was fetched last is kept."""

    def keys(self) -> list[Key]:
        """Return the keys that were fetched last."""
        return self._keys

    def start(self) -> None:
        """Fetch now and whenever the keys have become old. Needs a running event loop."""
        if self._task is None:
            loop = asyncio.get_running_loop()
            self._fetched = loop.create_future()
            self._task = loop.create_task(self._keep_fresh(), name="renown-keys")

    async def stop(self) -> None:
        """Fetch no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._end_wait()

    def want(self, name: str) -> bool:
        """Ask for the key of that id, which is not there; tell whether waiting may bring it.

        It may not when the keys were fetched for its sake just now, and it was not among them.
        """
        with contextlib.suppress(RuntimeError):  # without a loop, as on the command line: nothing comes
            self.start()
        if self._task is None:
            return False
        if name in self._missing and time.monotonic() - self._asked_at < _LEAST_GAP:
            return False
        if len(self._named) < _MOST_NAMED:
            self._named.add(name)
        if self._fetched is None:
            self._fetched = asyncio.get_running_loop().create_future()
            self._wanted.set()
        return True

    async def fetched(self) -> bool:
        """Return when the fetch under way is over; tell whether the last one went well."""
        if self._fetched is not None:
            await asyncio.shield(self._fetched)
        return not self._failed

    async def _keep_fresh(self) -> None:
        pause = _RETRY[0]
        while True:
            self._wanted.clear()
            self._asked_at = time.monotonic()
            if self._fetched is None:
                self._fetched = asyncio.get_running_loop().create_future()
            age = await self._fetch()
            self._failed = age is None
            if age is not None:
                self.age = age
                self._missing = self._named - {key.kid for key in self._keys}
                self._named = set()
            self._end_wait()
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`: when both happen at once, it loses a cancellation.
                async with asyncio.timeout(pause if age is None else age):
                    await self._wanted.wait()
            pause = _RETRY[0] if age is not None else min(pause * 2, _RETRY[1])
            if self._wanted.is_set():
                await asyncio.sleep(self._asked_at + _LEAST_GAP - time.monotonic())

    def _end_wait(self) -> None:
        if self._fetched is not None and not self._fetched.done():
            self._fetched.set_result(None)
        self._fetched = None

    async def _fetch(self) -> float | None:
        """Fetch once; return for how many seconds the keys are good, or None when it failed."""
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=True) as client:
                async with asyncio.timeout(_TIMEOUT):
                    body, age = await self._get(client)
            keys = _keys_of(body)
        except Exception as error:
            _LOG.warning("no keys from %s: %s; those fetched before stay good", self._url, _reason(error))
            return None
        if _texts(keys) != _texts(self._keys):
            self._keys = keys
        return age

    async def _get(self, client: httpx.AsyncClient) -> tuple[bytes, float]:
        async with client.stream("GET", self._url, headers={"accept": "application/json"}) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST:
                    raise ValueError(f"it is longer than {_LARGEST} bytes")
            return bytes(body), _age(response.headers.get("cache-control", ""))


def _age(header: str) -> float:
    """Return for how many seconds an answer with this Cache-Control is kept."""
    said = _MAX_AGE.search(header.lower())
    if _NOT_KEPT.search(header.lower()):
        return _LEAST_AGE
    return _USUAL_AGE if said is None else min(max(float(said[1]), _LEAST_AGE), _MOST_AGE)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _identity(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: str, field: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}", field=field) from error


def public_key_file(path: str, field: str) -> list[Key]:
    """Return the key of a PEM file; raise `SettingsError` when there is none."""
    text = _read(path, field)
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return [kind.import_key(text)]
        except (JoseError, ValueError, TypeError):
            continue
    raise SettingsError(f"{path} holds no public key", field=field, expected="PEM: RSA, EC or Ed25519")


def key_set_file(path: str, field: str) -> list[Key]:
    """Return the keys of a JSON Web Key Set in a file; raise `SettingsError` when it is none."""
    try:
        return _keys_of(_read(path, field))
    except ValueError as error:
        raise SettingsError(f"{path} holds no key set: {error}", field=field, expected="a JWKS") from error


class _Document(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


def _keys_of(body: bytes) -> list[Key]:
    """Return the public keys of a set; one of a kind unknown here does not spoil the others.

    Raises `ValueError` when there is none that could verify anything.
    """
    keys: list[Key] = []
    for one in msgspec.json.decode(body, type=_Document).keys:
        if one.get("use", "sig") != "sig":
            continue
        try:
            found = KeySet.import_key_set({"keys": [one]}).keys
        except (JoseError, ValueError, TypeError, KeyError) as error:
            _LOG.warning("a key of the set is left out: %s", _reason(error))
            continue
        keys += [key for key in found if not isinstance(key, OctKey)]
    if not keys:
        raise ValueError("it holds no public key for signatures")
    return keys


def _texts(keys: list[Key]) -> list[str]:
    return [str(key.as_dict(private=False)) for key in keys]
