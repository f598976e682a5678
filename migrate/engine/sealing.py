# SPDX-License-Identifier: GPL-3.0-or-later
"""Seals the child at the kernel: a seccomp filter for what raises no audit event, such as `_posixsubprocess.fork_exec`.

It can be tightened but never taken off, and holds for all threads and for whatever the child forks.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Iterable, Iterator

# Numbers of system calls on x86_64 and aarch64 (the kernel's own tables); 0 where an architecture has none.
CALLS = {
    "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "kill": (62, 129),
    "tkill": (200, 130), "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211),
    "sendmmsg": (307, 269), "io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "fsopen": (430, 430), "open_tree": (428, 428), "move_mount": (429, 429),
    "open_by_handle_at": (304, 265), "init_module": (175, 105), "finit_module": (313, 273), "kexec_load": (246, 104),
    "reboot": (169, 142),
}  # fmt: skip
FORKS = {"fork": (57, 0), "vfork": (58, 0)}
CLONE, CLONE3, SECCOMP = (56, 220), (435, 435), (317, 277)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column of the tables above, and AUDIT_ARCH."""
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
CLONE_THREAD = 0x10000
FOREIGN = 0x40000000
"""Where the numbers of the x32 interface begin."""
NO_NEW_PRIVILEGES, SET_FILTER, ALL_THREADS = 38, 1, 1


class Seal:
    """Made before the lock, since it needs the C library; `close` and `close_forks` may come after."""

    def __init__(self) -> None:
        self.column, self.architecture = MACHINES.get(platform.machine(), (-1, 0))
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.prctl, self.syscall = self.libc.prctl, self.libc.syscall

    def close(self) -> str:
        """No programs, sockets, tracing, mounts. Returns why not, where the kernel has no such filter."""
        if self.column < 0:
            return f"no seal is known for {platform.machine()}"
        if self.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            return "this kernel has no «no new privileges»"
        return self._install(self._refusing(calls[self.column] for calls in CALLS.values()))

    def close_forks(self) -> str:
        """No further processes; threads may start."""
        if self.column < 0:
            return ""
        clone = [
            *step(EQUAL, CLONE3[self.column], 0, 1), *refuse(errno.ENOSYS),  # glibc then starts threads by clone
            *step(EQUAL, CLONE[self.column], 0, 3), *step(LOAD, FIRST_ARGUMENT), *step(ANY_BIT, CLONE_THREAD, 1, 0),
            *refuse(errno.EPERM),
        ]  # fmt: skip
        return self._install([*self._refusing(calls[self.column] for calls in FORKS.values())[:-1], *clone, *allow()])

    def _refusing(self, numbers: Iterable[int]) -> list[bytes]:
        """A filter that refuses these calls, and all of another architecture."""
        rows = [*step(LOAD, ARCHITECTURE), *step(EQUAL, self.architecture, 1, 0), *refuse(errno.EPERM)]
        rows += [*step(LOAD, NUMBER), *step(AT_LEAST, FOREIGN, 0, 1), *refuse(errno.EPERM)]
        for number in numbers:
            rows += [*step(EQUAL, number, 0, 1), *refuse(errno.EPERM)] if number else []
        return [*rows, *allow()]

    def _install(self, rows: list[bytes]) -> str:
        code = ctypes.create_string_buffer(b"".join(rows))
        program = struct.pack("HxxxxxxP", len(rows), ctypes.addressof(code))
        number = ctypes.c_long(SECCOMP[self.column])
        if self.syscall(number, ctypes.c_long(SET_FILTER), ctypes.c_long(ALL_THREADS), ctypes.c_char_p(program)) == 0:
            return ""
        return f"this kernel takes no seccomp filter ({errno.errorcode.get(ctypes.get_errno(), 'no reason')})"


def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> Iterator[bytes]:
    """One instruction of the kernel's packet filter; the jumps count instructions that are left out."""
    yield struct.pack("HBBI", code, if_true, if_false, value)


def refuse(error: int) -> Iterator[bytes]:
    return step(RETURN, REFUSE | error)


def allow() -> Iterator[bytes]:
    return step(RETURN, ALLOW)
