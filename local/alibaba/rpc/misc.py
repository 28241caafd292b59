"""Actions by which SDKs and providers ask about the account before they come to the point."""

from __future__ import annotations

from local.alibaba.rpc.registry import Answer, RpcCall, action

HOSTS = {
    "ram": "ram.aliyuncs.com",
    "sts": "sts.aliyuncs.com",
    "ims": "ims.aliyuncs.com",
    "alidns": "alidns.aliyuncs.com",
    "dns": "alidns.aliyuncs.com",
}


@action("location", "DescribeEndpoints", anyone=True)
def endpoints(call: RpcCall) -> Answer:
    code, region = call.get("ServiceCode").lower(), call.get("Id") or "cn-hangzhou"
    host = HOSTS.get(code, f"oss-{region}.aliyuncs.com" if code == "oss" else f"{code}.aliyuncs.com")
    return {
        "Success": True,
        "Endpoints": {
            "Endpoint": [
                {
                    "Endpoint": host,
                    "Id": region,
                    "Namespace": "",
                    "SerivceCode": code,
                    "Type": "openAPI",
                    "Protocols": {"Protocols": ["HTTP", "HTTPS"]},
                },
            ]
        },
    }


@action("bssopenapi", "QueryAvailableInstances", anyone=True)
def instances(_: RpcCall) -> Answer:
    return {"Code": "Success", "Success": True, "Data": {"TotalCount": 0, "InstanceList": []}}
