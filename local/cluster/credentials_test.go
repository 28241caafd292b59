package main

import (
	"os"
	"testing"
)

// TestHalfACertificateIsMadeAnew: whatever a kill left of the pair, the API server must find both files or none.
func TestHalfACertificateIsMadeAnew(t *testing.T) {
	for left, kept := range map[string]bool{
		"both": true, "no key": false, "an empty key": false, "the key of another": false, "no certificate": false,
	} {
		o := options{dir: t.TempDir()}
		certificate, key := o.path("pki/apiserver.crt"), o.path("pki/apiserver.key")
		err := ensureCertificate(certificate, key)
		switch left {
		case "no key":
			err = os.Remove(key)
		case "an empty key":
			err = os.WriteFile(key, nil, 0o600)
		case "the key of another":
			err = ensureCertificate(o.path("pki/other.crt"), key)
		case "no certificate":
			err = os.Remove(certificate)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := prepareCredentials(o); err != nil {
			t.Fatal(left, err)
		}
		for _, path := range []string{certificate, key} {
			if _, err := os.Stat(path); (err == nil) != kept {
				t.Errorf("%s: %s: wanted kept %v, %v", left, path, kept, err)
			}
		}
	}
}
