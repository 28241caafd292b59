"""The few system policies that the stand-in knows; Alibaba Cloud keeps them under the type System."""

from __future__ import annotations

import json


def _document(*grants: tuple[list[str], str]) -> str:
    statements = [{"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in grants]
    return json.dumps({"Version": "1", "Statement": statements})


SYSTEM_POLICIES: dict[str, str] = {
    "AdministratorAccess": _document((["*"], "*")),
    "AliyunOSSFullAccess": _document((["oss:*"], "*")),
    "AliyunOSSReadOnlyAccess": _document((["oss:Get*", "oss:List*"], "*")),
    "AliyunRAMFullAccess": _document((["ram:*", "ims:*"], "*")),
    "AliyunRAMReadOnlyAccess": _document((["ram:Get*", "ram:List*", "ims:Get*", "ims:List*"], "*")),
    "AliyunSTSAssumeRoleAccess": _document((["sts:AssumeRole"], "*")),
    "AliyunDNSFullAccess": _document((["alidns:*"], "*")),
    "AliyunDNSReadOnlyAccess": _document((["alidns:Describe*", "alidns:List*"], "*")),
}
