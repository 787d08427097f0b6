"""The tenant on disk: compressed JSON Lines and a manifest, written as it is read.

    manifest.json                         who, when, scope, and the hash of each part
    <tenant id>/<resource type>.jsonl.gz  the resources as received, and the readings

A part holds two kinds of lines: a resource with the scope of the read that found it,
and, once a read is over, its reading. Resources without a reading after them come
from a read that was cut off, and do not count.
"""
