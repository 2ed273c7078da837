"""Which numbers a process computes in is a function of its device."""

import pytest

from search.system.precision import mixed_policy, processor_flags

CPUINFO = """processor\t: 0
model name\t: some processor
flags\t\t: fpu avx512f avx512_bf16 amx_tile

processor\t: 1
flags\t\t: fpu
"""


@pytest.mark.parametrize(
    ("has_gpu", "flags", "policy"),
    [
        (True, (), "mixed_float16"),
        (True, ("amx_bf16",), "mixed_float16"),
        (False, ("fpu", "amx_bf16"), "mixed_bfloat16"),
        (False, ("avx512_bf16",), "mixed_bfloat16"),
        (False, ("avx512f", "amx_tile"), None),
        (False, (), None),
    ],
)
def test_the_policy_follows_the_device(has_gpu, flags, policy):
    assert mixed_policy(has_gpu=has_gpu, flags=flags) == policy


def test_the_processor_s_flags_are_read_where_the_system_tells_them(tmp_path):
    (tmp_path / "cpuinfo").write_text(CPUINFO)
    assert processor_flags(tmp_path / "cpuinfo") == {"fpu", "avx512f", "avx512_bf16", "amx_tile"}
    assert processor_flags(tmp_path / "nowhere") == frozenset()
