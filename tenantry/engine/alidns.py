"""Finds a DNS record of ours whose id nobody wrote down: AliDNS gives every record a number of its own.

The provider adds a record first and sets its remark, our mark, in a second call. A record without any remark that has exactly
the host, type and value of our interrupted creation is therefore taken for it as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

_PAGE = 100  # records a page; the key word narrows them to a handful
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record of ours."""

    identity: str
    has_remark: bool


def find_record(inputs: Mapping[str, Any], environment: Mapping[str, str]) -> FoundRecord | None:
    """The record that `inputs` describe, if it was made. Raises OSError when AliDNS does not answer."""
    remark = str(inputs.get("remark") or "")
    for record in _records(inputs, environment):
        if record.get("RR") != inputs.get("rr") or record.get("Type") != inputs.get("type"):
            continue
        if remark and record.get("Remark") == remark:
            return FoundRecord(str(record["RecordId"]), has_remark=True)
        if not record.get("Remark") and record.get("Value") == inputs.get("value"):
            return FoundRecord(str(record["RecordId"]), has_remark=not remark)
    return None


def _records(inputs: Mapping[str, Any], environment: Mapping[str, str]) -> list[dict[str, Any]]:
    # Imported here: half a second that only an interrupted record is worth. The SDK has no type information.
    from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException  # pyright: ignore
    from aliyunsdkcore.client import AcsClient  # pyright: ignore
    from aliyunsdkcore.request import CommonRequest  # pyright: ignore

    proxy = environment.get("TENANTRY_ALIBABA_PROXY")
    client: Any = AcsClient(
        environment.get("ALICLOUD_ACCESS_KEY"),
        environment.get("ALICLOUD_SECRET_KEY"),
        environment.get("ALICLOUD_REGION") or "cn-hangzhou",
        timeout=_TIMEOUT_SECONDS,
        connect_timeout=_TIMEOUT_SECONDS,
        proxy={"http": proxy} if proxy else None,
    )
    request: Any = CommonRequest(
        domain="alidns.aliyuncs.com", version="2015-01-09", action_name="DescribeDomainRecords"
    )
    request.set_protocol_type("http" if proxy else "https")  # the stand-in is a plain forward proxy
    request.set_method("POST")
    request.add_query_param("DomainName", inputs.get("domainName"))
    request.add_query_param("RRKeyWord", inputs.get("rr"))
    request.add_query_param("TypeKeyWord", inputs.get("type"))
    request.add_query_param("PageSize", _PAGE)
    try:
        answer = json.loads(client.do_action_with_exception(request))
    except ServerException as error:
        raise OSError(f"AliDNS refused the look-up: {error.get_error_code()}") from error  # pyright: ignore[reportUnknownMemberType]
    except ClientException as error:
        raise OSError(f"AliDNS cannot be asked: {error.get_error_code()}") from error  # pyright: ignore[reportUnknownMemberType]
    return cast("list[dict[str, Any]]", answer.get("DomainRecords", {}).get("Record", []))
