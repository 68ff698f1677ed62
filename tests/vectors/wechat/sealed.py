#!/usr/bin/env python3
"""Writes sealed.tsv: WeChat envelopes, good and bad, made by Python's `cryptography` and hashlib,
which share no code with ours. Deterministic; run it again only to add a row."""

import base64
import hashlib
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wx0123456789abcdef"
TEXT = "<xml><Content>我是中文abcd123</Content></xml>".encode()


def key_octets(text):
    return base64.b64decode(text + "=")


def aes(octets, key=KEY):
    raw = key_octets(key)
    encryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    return encryptor.update(octets) + encryptor.finalize()


def plain(message=TEXT, appid=APPID, length=None, pad=None, block=32):
    head = b"0123456789abcdef" + struct.pack(">I", len(message) if length is None else length)
    body = head + message + appid.encode()
    count = block - len(body) % block
    return body + (bytes([count]) * count if pad is None else pad(count))


def b64(octets):
    return base64.b64encode(octets).decode()


def signature(token, timestamp, nonce, sealed):
    return hashlib.sha1("".join(sorted([token, timestamp, nonce, sealed])).encode()).hexdigest()


def rows():
    good = b64(aes(plain()))
    yield "whole", 0, good
    yield "padded to 16 as some libraries do", 0, b64(aes(plain(b"x" * 30, block=16)))
    yield "empty message", 0, b64(aes(plain(b"")))
    yield "a pad of 32", 0, b64(aes(plain(b"x" * (32 - 20 - len(APPID) + 32))))
    yield "another appid", "EACCES", b64(aes(plain(appid="wxffffffffffffffff")))
    yield "an appid that only begins like ours", "EACCES", b64(aes(plain(appid=APPID + "0")))
    yield "no appid", "EACCES", b64(aes(plain(appid="")))
    yield "a pad of 0", "EBADMSG", b64(aes(plain(pad=lambda n: bytes(n))))
    yield "a pad of 33", "EBADMSG", b64(aes(plain(pad=lambda n: bytes([33]) * n)))
    yield "a pad of 255", "EBADMSG", b64(aes(plain(pad=lambda n: bytes([255]) * n)))
    yield "a pad whose octets differ", "EBADMSG", b64(
        aes(plain(pad=lambda n: bytes([1]) * (n - 1) + bytes([n]))))
    yield "a length that reaches outside", "EBADMSG", b64(aes(plain(length=5000)))
    yield "a length of 2^32-1", "EBADMSG", b64(aes(plain(length=0xFFFFFFFF)))
    yield "a length of 2^31", "EBADMSG", b64(aes(plain(length=0x80000000)))
    yield "a length too small", "EACCES", b64(aes(plain(length=3)))
    yield "only one block", "EBADMSG", b64(aes(b"0123456789abcde\x01"))
    yield "another key", "EBADMSG", b64(aes(plain(), key="B" * 42 + "E"))
    yield "ciphertext cut in a block", "EBADMSG", b64(base64.b64decode(good)[:-1])
    yield "base64 cut", "EBADMSG", good[:-1]
    yield "base64 cut by a group", "EBADMSG", good[:-4]
    yield "base64 with a blank inside", "EBADMSG", good[:7] + " " + good[8:]
    yield "base64 with = inside", "EBADMSG", good[:7] + "=" + good[8:]
    yield "base64 of the URL alphabet", "EBADMSG", "_" + good[1:]
    yield "only =", "EBADMSG", "===="
    yield "empty", "EBADMSG", ""


def main():
    out = open(sys.argv[1] if len(sys.argv) > 1 else "sealed.tsv", "w")
    out.write(f"# key {KEY} appid {APPID} token t0ken timestamp 1409735669 nonce 1320562132\n")
    out.write("# what\twanted\tmsg_signature\tEncrypt\n")
    for what, want, sealed in rows():
        out.write(f"{what}\t{want}\t{signature('t0ken', '1409735669', '1320562132', sealed)}"
                  f"\t{sealed}\n")


main()
