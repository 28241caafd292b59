"""The services that answer to Action and Version: RAM, IMS, STS, AliDNS and the two the SDKs ask on the way."""
