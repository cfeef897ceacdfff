"""Names for the lives of logs.

A channel's first epoch is computed from a secret of the store, so that a channel into which nobody has
published has one that holds, in every process, without being written down. When a channel that was published
into is given up, so must be its first epoch: the salt of its bucket is renewed then, and of all other
channels only the few empty ones of the same bucket change their epoch with it.
"""

import secrets
from hashlib import blake2b
from typing import Final
from zlib import crc32

__all__ = ["BUCKETS", "bucket_of", "first_epoch", "new_epoch"]

BUCKETS: Final = 1_024


def new_epoch() -> str:
    """Return a random epoch, or salt, or secret."""
    return secrets.token_hex(5)


def bucket_of(channel: str) -> int:
    """Return the bucket whose salt goes into a channel's first epoch."""
    return crc32(channel.encode(errors="surrogatepass")) % BUCKETS


def first_epoch(secret: str, salt: str, channel: str) -> str:
    """Return the epoch of a channel that was never published into, as long as its salt stays."""
    named = f"{secret}.{salt}.{channel}".encode(errors="surrogatepass")
    return blake2b(named, digest_size=5).hexdigest()
