"""The tenants of one installation as data: checked, named, limited and placed in their life cycle.

Pure Python without Pulumi; importing it reads no file, no clock and no environment.
"""
