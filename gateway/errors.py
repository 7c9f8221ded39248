"""What the gateway answers when it cannot do as asked: a stable code, a status, and a sentence in Chinese.

    GatewayError
    ├── BadRequest      400  the request itself is wrong
    ├── TooLong         413  more characters or bytes than allowed
    ├── FileTooBig      413  a file of more bytes than allowed
    ├── BadFile         415  not a kind of file that is taken, by its content
    ├── FileGone        410  a file that was brought too long ago, or by somebody else
    ├── TooManyFiles    409  the conversation holds as many files as it may
    ├── NoSpace         507  the disk is full
    ├── NoSession       401  no valid cookie
    ├── NotAllowed      403  known, but not permitted
    ├── Missing         404
    ├── OutOfDate       409  somebody else owns the conversation by now
    ├── NotNow          409  impossible in this state
    ├── Overtaken       409  somebody else changed it meanwhile; `details` say to what
    ├── Blocked         409  a rule forbids it unless it is overridden with a reason
    ├── RateLimited     429
    └── Unavailable     503  Redis or another part is away

`from_desk` maps the errors of the handoff engine, in this one place.
"""

from __future__ import annotations

from typing import Any

from handoff import errors as desk_errors


class GatewayError(Exception):
    """Answered as `{error, message}`; the class gives the code, the status and the usual sentence."""

    code = "error"
    status = 500
    sentence = "服务出了点问题，请稍后再试。"

    def __init__(
        self, sentence: str = "", *, retry_after_s: float = 0.0, details: dict[str, Any] | None = None
    ) -> None:
        self.sentence = sentence or type(self).sentence
        self.retry_after_s = retry_after_s
        self.details = details or {}
        super().__init__(f"{self.code}: {self.sentence}")

    def body(self) -> dict[str, Any]:
        """The JSON body of an HTTP answer."""
        return {**self.details, "error": self.code, "message": self.sentence}

    def frame(self, key: str = "") -> dict[str, str]:
        """The socket frame; `key` is that of the frame that failed."""
        return {"type": "error", "code": self.code, "message": self.sentence, "key": key}


class BadRequest(GatewayError):
    code, status, sentence = "bad_request", 400, "请求的格式不对。"


class TooLong(GatewayError):
    code, status, sentence = "too_long", 413, "内容太长了。"


class FileTooBig(GatewayError):
    code, status, sentence = "file_too_big", 413, "文件太大了。"


class BadFile(GatewayError):
    code, status = "bad_file", 415
    sentence = "不支持这种文件。可以发图片（JPG、PNG、GIF、WebP）、PDF、Word、Excel、PPT、文本和 MP4 视频。"


class FileGone(GatewayError):
    code, status, sentence = "file_gone", 410, "文件已失效，请重新选择后再发。"


class TooManyFiles(GatewayError):
    code, status, sentence = "too_many_files", 409, "这个对话里的文件太多了。"


class NoSpace(GatewayError):
    code, status, sentence = "no_space", 507, "服务器的存储空间满了，文件没有保存；请先用文字说明，或稍后再试。"


class NoSession(GatewayError):
    code, status, sentence = "no_session", 401, "登录已失效，请重新登录。"


class NotAllowed(GatewayError):
    code, status, sentence = "not_allowed", 403, "没有权限这样做。"


class Missing(GatewayError):
    code, status, sentence = "not_found", 404, "没有找到。"


class OutOfDate(GatewayError):
    code, status, sentence = "stale", 409, "这个会话已经换了负责人，内容没有发出。"


class NotNow(GatewayError):
    code, status, sentence = "refused", 409, "当前状态下不能这样做。"


class Overtaken(GatewayError):
    code, status, sentence = "overtaken", 409, "别人刚改过，没有写入。"


class Blocked(GatewayError):
    code, status, sentence = "blocked", 409, "这样发布会答坏标准问题；写明理由才能发布。"


class RateLimited(GatewayError):
    code, status, sentence = "rate_limited", 429, "发送得太快了，请稍等一下再发。"


class Unavailable(GatewayError):
    code, status, sentence = "unavailable", 503, "服务暂时不可用，请稍后再试。"


def from_desk(error: desk_errors.DeskError) -> GatewayError:
    """What a refusal of the handoff engine means to a browser."""
    for kind, answer in _DESK:
        if isinstance(error, kind):
            return answer()
    return Unavailable()


_DESK: tuple[tuple[type[desk_errors.DeskError], type[GatewayError]], ...] = (
    (desk_errors.NotFound, Missing),
    (desk_errors.NotAllowed, NotAllowed),
    (desk_errors.Stale, OutOfDate),
    (desk_errors.Refused, NotNow),
    (desk_errors.TooLong, TooLong),
    (desk_errors.Invalid, BadRequest),
    (desk_errors.BackendUnavailable, Unavailable),
)
