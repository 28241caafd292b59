"""Drives the Pulumi engine as a subprocess: what stands between `tenantry up` and a converged stack.

The engine itself stays what it is; here is what an unattended run needs around it: no questions, locks of dead
engines broken, interrupted operations recovered, progress and failures told by tenant and step. Nothing here
imports the Pulumi SDK.
"""
