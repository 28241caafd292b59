package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// prepareCredentials makes, once, the key that signs service-account tokens and the administrator's token, and
// returns the latter. The API server makes its own certificate and key, one file after the other, and starts with both or
// none: what is about to expire, or was left half by a kill, is removed, so that both are made anew.
func prepareCredentials(o options) (string, error) {
	_, err := tls.LoadX509KeyPair(o.path("pki/apiserver.crt"), o.path("pki/apiserver.key"))
	if err != nil || !current(o.path("pki/apiserver.crt")) {
		for _, name := range []string{"pki/apiserver.crt", "pki/apiserver.key"} {
			if err := os.Remove(o.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
	}
	if err := once(o.path("sa.key"), signingKey); err != nil {
		return "", err
	}
	if err := once(o.path("tokens.csv"), administrator); err != nil {
		return "", err
	}
	tokens, err := os.ReadFile(o.path("tokens.csv"))
	if err != nil {
		return "", err
	}
	token, _, _ := strings.Cut(string(tokens), ",")
	return token, nil
}

func once(path string, content func() ([]byte, error)) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	made, err := content()
	if err != nil {
		return err
	}
	return writeFile(path, made)
}

// signingKey is an EC key in SEC1 form, the only EC form that the API server reads here.
func signingKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// administrator is a line of the API server's static token file: token,user,uid,"groups".
func administrator() ([]byte, error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s,admin,admin,\"system:masters\"\n", hex.EncodeToString(secret[:])), nil
}

// writeKubeconfig carries the certificate inside, so that its content alone is enough for a client.
func writeKubeconfig(o options, token string) error {
	authority, err := os.ReadFile(o.path("pki/apiserver.crt"))
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["local"] = &clientcmdapi.Cluster{Server: o.server(), CertificateAuthorityData: authority}
	config.AuthInfos["admin"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["local"] = &clientcmdapi.Context{Cluster: "local", AuthInfo: "admin"}
	config.CurrentContext = "local"
	content, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return writeFile(o.path("kubeconfig"), content)
}

// writeKeySet stores the public keys of service-account tokens for whoever trusts this cluster's identities.
func writeKeySet(ctx context.Context, o options, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	keys, err := client.RESTClient().Get().AbsPath("/openid/v1/jwks").DoRaw(ctx)
	if err != nil {
		return err
	}
	return writeFile(o.path("jwks.json"), keys)
}
