"""Messages of TensorBoard's HParams plug-in, which TensorFlow does not bring.

They are a small part of ``tensorboard/plugins/hparams/plugin_data.proto`` and ``api.proto``, with the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

PLUGIN = "hparams"
START, END = "_hparams_/session_start_info", "_hparams_/session_end_info"  # the tags
SUCCESS, FAILURE = 1, 2


def session_start(params: Mapping[str, Any], group: str, started: float) -> bytes:
    """Return the message of a trial that begins with params; one of another type than JSON's is a text."""
    message = _plugin_data()(version=0)
    start = message.session_start_info
    start.group_name, start.start_time_secs = group, started
    for name, value in params.items():
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, int | float):
            start.hparams[name].number_value = value
        else:
            start.hparams[name].string_value = str(value)
    return bytes(message.SerializeToString(deterministic=True))


def session_end(*, failed: bool, ended: float) -> bytes:
    """Return the message of a trial that has ended."""
    message = _plugin_data()(version=0)
    message.session_end_info.status = FAILURE if failed else SUCCESS
    message.session_end_info.end_time_secs = ended
    return bytes(message.SerializeToString(deterministic=True))


@cache
def _plugin_data() -> Any:
    """Return the class of ``HParamsPluginData``."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2

    pool = descriptor_pool.DescriptorPool()
    values = descriptor_pb2.FileDescriptorProto()
    struct_pb2.DESCRIPTOR.CopyToProto(values)
    pool.Add(values)
    file = descriptor_pb2.FileDescriptorProto(
        name="hparams.proto", package="tensorboard.hparams", syntax="proto3", dependency=[values.name]
    )
    kinds = descriptor_pb2.FieldDescriptorProto

    def add_message(name: str, **fields: tuple[int, Any]) -> Any:
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            plain = not isinstance(kind, str)
            more = {"type": kind} if plain else {"type": kinds.TYPE_MESSAGE, "type_name": kind}
            message.field.add(name=field, number=number, label=kinds.LABEL_OPTIONAL, **more)
        return message

    own = ".tensorboard.hparams."
    start = add_message(
        "SessionStartInfo",
        hparams=(1, f"{own}SessionStartInfo.HparamsEntry"),
        group_name=(4, kinds.TYPE_STRING),
        start_time_secs=(5, kinds.TYPE_DOUBLE),
    )
    start.field[0].label = kinds.LABEL_REPEATED
    entry = start.nested_type.add(name="HparamsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    value = {"type": kinds.TYPE_MESSAGE, "type_name": ".google.protobuf.Value"}
    entry.field.add(name="value", number=2, label=kinds.LABEL_OPTIONAL, **value)
    add_message("SessionEndInfo", status=(1, kinds.TYPE_INT32), end_time_secs=(2, kinds.TYPE_DOUBLE))
    add_message(
        "HParamsPluginData",
        version=(1, kinds.TYPE_INT32),
        session_start_info=(3, f"{own}SessionStartInfo"),
        session_end_info=(4, f"{own}SessionEndInfo"),
    )
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorboard.hparams.HParamsPluginData"))
