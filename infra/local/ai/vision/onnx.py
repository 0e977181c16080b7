"""Reads the notes that an ONNX file carries, without a protobuf library."""

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# ModelProto.metadata_props, StringStringEntryProto.key and .value (onnx.proto3).
_METADATA, _KEY, _VALUE = 14, 1, 2


def metadata(model: bytes) -> dict[str, str]:
    """The `metadata_props` of a model. Raises ValueError when the bytes are no protobuf message."""
    view = memoryview(model)
    entries = (dict(_fields(entry)) for number, entry in _fields(view) if number == _METADATA)
    return {bytes(entry[_KEY]).decode(): bytes(entry[_VALUE]).decode() for entry in entries}


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields of a message that are bytes, by number."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _BYTES:
            size, at = _varint(message, at)
            yield number, message[at : at + size]
            at += size
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"no protobuf message: wire type {kind}")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("no protobuf message: it ends inside a number")
