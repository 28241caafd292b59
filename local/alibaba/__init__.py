"""Loopback stand-in for the parts of Alibaba Cloud a tenant touches: OSS, RAM, STS, IMS and AliDNS.

moto's in-process models hold the live state; SQLite and body files under the state directory keep it
across restarts. Policies, signatures and limits are Alibaba Cloud's own and therefore ours.
"""
