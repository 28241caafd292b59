"""The pages that the gateway answers with for tenants that do not run, by what their files say."""

from typing import Final

STATUS: Final = 503
CONTENT_TYPE: Final = "text/html; charset=utf-8"
# Envoy takes a percent sign for one of its own operators, and no longer page than this.
LONGEST_BYTES: Final = 4096
_WORDS: Final = {  # by phase (tenantry/model/lifecycle.py)
    "suspended": (
        "服务已暂停",
        "本站服务已暂停，数据均已保留。如有疑问，请联系管理员。",
        "This site is suspended. Its data is kept. Please ask its administrator.",
    ),
    "asleep": (
        "服务休眠中",
        "本站服务正在休眠，数据均已保留。如需使用，请联系管理员。",
        "This site is asleep. Its data is kept. Please ask its administrator to wake it.",
    ),
}


def has_notice(phase: str) -> bool:
    """Tells whether requests to a tenant in this phase are answered with a notice alone."""
    return phase in _WORDS


def notice(phase: str) -> str:
    """The page, in Chinese and English. Raises KeyError for a phase that has none."""
    title, chinese, english = _WORDS[phase]
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title></head>'
        f'<body><h1>{title}</h1><p>{chinese}</p><p lang="en">{english}</p></body></html>\n'
    )
