#!/usr/bin/env python3
"""Checks a proof of a Leasehold ledger with nothing but its text and public keys.

Written from the article "The ledger", RFC 6962, RFC 9162 and C2SP signed-note alone; shares no code with Leasehold.
Needs Python 3.8 or later and the package `cryptography`.

usage: verify_proof.py PROOF KEY...    (files; the first key is the log's; a proof of a fork needs any one key)

Exit status: 0 proved, 1 not proved (the reason is on standard error), 2 usage.
"""
import base64
import binascii
import hashlib
import re
import sys

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.exit("verify_proof.py needs the Python package cryptography: apt-get install python3-cryptography")


class Refused(Exception):
    """The proof proves nothing, because of this."""


def require(holds, reason):
    if not holds:
        raise Refused(reason)


def unbase64(text):
    """The bytes of base 64 in its one canonical form."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not base 64: " + text[:80])
    require(base64.b64encode(data).decode() == text, "not the one base 64 of its bytes: " + text[:80])
    return data


def number(text, most):
    require(re.fullmatch("0|[1-9][0-9]{0,19}", text) is not None and int(text) <= most, "not a number: " + text[:80])
    return int(text)


# RFC 6962, section 2.1.


def leaf_hash(record):
    return hashlib.sha256(b"\x00" + record).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of_inclusion(leaf, index, size, path):
    """RFC 9162, section 2.1.3.2; `index` counts from 0."""
    require(0 <= index < size, "the record is not among those of the head")
    fn, sn, r = index, size - 1, leaf
    for p in path:
        require(sn != 0, "the path is too long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0, "the path is too short")
    return r


def roots_of_consistency(first, second, path):
    """RFC 9162, section 2.1.4.2, from step 3 on: `path` has the hash that it starts from in front."""
    require(0 < first < second, "the heads are not in order")
    require(len(path) > 0, "the path is too short")
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        require(sn != 0, "the path is too long")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0, "the path is too short")
    return fr, sr


# C2SP signed-note and tlog-checkpoint.

NAME = re.compile("[!-*,-~]{1,127}")


class Key:
    def __init__(self, text):
        name, key_id, key = text.rstrip("\n").split("+", 2)
        data = unbase64(key)
        require(NAME.fullmatch(name) is not None and len(data) == 33 and data[0] == 1, "not an Ed25519 key: " + text)
        self.name = name
        self.id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        require(self.id.hex() == key_id, "the id of the key is not that of its name and bytes")
        self.public = Ed25519PublicKey.from_public_bytes(data[1:])


class Head:
    """A note whose text is a checkpoint with four lines more."""

    FORM = re.compile(
        r"(leasehold/[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\n"
        r"(\d+)\n(\S+)\nchain ([0-9a-f]{64})\nincarnation (\d+)\nreign (\d+)\n"
        r"time (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n",
        re.ASCII,
    )

    def __init__(self, lines):
        self.text = "".join(line + "\n" for line in lines[:7])
        form = Head.FORM.fullmatch(self.text)
        require(form is not None and len(lines) >= 9 and lines[7] == "", "not a signed head")
        self.origin, self.chain, self.time = form[1], form[4], form[7]
        self.size = number(form[2], 2**48 - 1)
        self.root = unbase64(form[3])
        require(len(self.root) == 32, "a root has 32 bytes")
        require(self.size > 0 or self.root == hashlib.sha256().digest(), "an empty log has another root")
        self.incarnation, self.reign = number(form[5], 2**32 - 1), number(form[6], 2**64 - 1)
        self.signatures = {}
        for line in lines[8:]:
            words = line.split(" ")
            require(len(words) == 3 and words[0] == "\u2014" and NAME.fullmatch(words[1]), "not a signature: " + line)
            data = unbase64(words[2])
            require(len(data) == 68, "a signature has 68 bytes")
            require((words[1], data[:4]) not in self.signatures, "two signatures by one key")
            self.signatures[words[1], data[:4]] = data[4:]
        require(len(self.signatures) <= 16, "more than 16 signatures")

    def require_signed(self, key):
        signature = self.signatures.get((key.name, key.id))
        require(signature is not None, "head %d is not signed by %s" % (self.size, key.name))
        try:
            key.public.verify(signature, self.text.encode())
        except InvalidSignature:
            raise Refused("the signature by %s under head %d is wrong" % (key.name, self.size))

    def require_signed_by_all(self, keys):
        require(any(key.name == self.origin for key in keys), "no key of " + self.origin)
        for key in keys:
            self.require_signed(key)


# The file.


class Lines:
    def __init__(self, data):
        require(len(data) <= 67108864, "the file is too large")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("not UTF-8")
        require(text.endswith("\n"), "the last line has no end")
        self.lines = text[:-1].split("\n")
        self.next = 0

    def line(self):
        require(self.next < len(self.lines), "the file ends too early")
        self.next += 1
        return self.lines[self.next - 1]

    def words(self, first, count):
        words = self.line().split(" ")
        require(len(words) == count and words[0] == first, "line %d: expected %s" % (self.next, first))
        return words[1:]

    def head(self):
        count = number(self.words("head", 2)[0], 24)
        return Head([self.line() for _ in range(count)])

    def path(self):
        path = [unbase64(self.line()) for _ in range(number(self.words("path", 2)[0], 49))]
        require(all(len(item) == 32 for item in path), "a hash has 32 bytes")
        return path

    def record(self):
        index, data = self.words("record", 3)
        return number(index, 2**48 - 1), unbase64(data), self.path()

    def finish(self):
        require(self.next == len(self.lines), "line %d: something behind the end" % (self.next + 1))


def require_included(record, head):
    index, data, path = record
    root = root_of_inclusion(leaf_hash(data), index - 1, head.size, path)
    require(root == head.root, "record %d: the path leads to another root" % index)


def check_inclusion(lines, keys):
    head, record = lines.head(), lines.record()
    lines.finish()
    head.require_signed_by_all(keys)
    require_included(record, head)
    return ["record %d (%d bytes) is in the log of head %d" % (record[0], len(record[1]), head.size)]


def check_consistency(lines, keys):
    older, newer, path = lines.head(), lines.head(), lines.path()
    lines.finish()
    older.require_signed_by_all(keys)
    newer.require_signed_by_all(keys)
    require(older.origin == newer.origin, "heads of two logs")
    require(older.incarnation <= newer.incarnation, "the incarnation falls")
    if older.size == newer.size:
        require(not path and older.root == newer.root and older.chain == newer.chain, "heads of one record differ")
    else:
        seed = [older.root] if older.size & (older.size - 1) == 0 else []
        require(path, "the path is too short")
        roots = roots_of_consistency(older.size, newer.size, seed + path)
        require(roots == (older.root, newer.root), "the path leads to other roots")
    return ["head %d is the beginning of head %d" % (older.size, newer.size)]


def check_export(lines, keys, count):
    head = lines.head()
    records = [lines.record() for _ in range(number(count, 32768))]
    lines.finish()
    head.require_signed_by_all(keys)
    previous, said = 0, []
    for record in records:
        require(record[0] > previous, "record %d is out of order" % record[0])
        previous = record[0]
        require_included(record, head)
        said.append("record %d (%d bytes) is in the log of head %d" % (record[0], len(record[1]), head.size))
    return said + ["%d records are in the log of head %d" % (len(records), head.size)]


def check_fork(lines, keys, form):
    one, record = lines.head(), lines.record() if form == "records" else None
    other, other_record = lines.head(), lines.record() if form == "records" else None
    path = lines.path() if form == "prefix" else None
    lines.finish()
    for key in keys:
        one.require_signed(key)
        other.require_signed(key)
    require(one.origin == other.origin and one.incarnation == other.incarnation, "no fork: not one log")
    if form == "heads":
        require(one.size == other.size, "no fork: heads of different records")
        require((one.root, one.chain) != (other.root, other.chain), "no fork: the heads say the same")
    elif form == "prefix":
        old, new = roots_of_consistency(one.size, other.size, path)
        require(new == other.root, "the path leads to another root")
        require(old != one.root, "no fork: the older head is part of the newer one")
    elif form == "records":
        require(record[0] == other_record[0], "no fork: different indices")
        require_included(record, one)
        require_included(other_record, other)
        require(record[1] != other_record[1], "no fork: the records are the same")
    else:
        raise Refused("not a form of a fork: " + form)
    return ["%s signed heads %d and %d, which cannot both be true" % (key.name, one.size, other.size) for key in keys]


def check(data, keys):
    lines = Lines(data)
    words = lines.line().split(" ")
    require(words[:2] == ["leasehold-ledger-proof", "1"], "not a proof of a ledger, version 1")
    if words[2:] == ["inclusion"]:
        return check_inclusion(lines, keys)
    if words[2:] == ["consistency"]:
        return check_consistency(lines, keys)
    if len(words) == 4 and words[2] == "export":
        return check_export(lines, keys, words[3])
    if len(words) == 4 and words[2] == "fork":
        return check_fork(lines, keys, words[3])
    raise Refused("not a kind of proof: " + " ".join(words[2:]))


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[0], "rb") as file:
        data = file.read()
    keys = []
    for name in arguments[1:]:
        with open(name, encoding="utf-8") as file:
            keys.append(Key(file.read()))
    try:
        for line in check(data, keys):
            print(line)
    except Refused as refused:
        print("not proved: %s" % refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
