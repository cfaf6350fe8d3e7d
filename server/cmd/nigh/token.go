package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/spf13/cobra"

	"nigh/server/access"
)

func newTokenCommand() *cobra.Command {
	var secret, key, user, audience, issuer string
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Sign a reader's token, for tests and small sites",
		Long: `Sign a token (a JWT) that says who a reader is, as a site's own backend would: with the secret of nigh serve
--readers-secret, or with the private key that belongs to the public one of --readers-key.`,
		Example: `  nigh token secret > secret.txt
  nigh serve --readers-secret secret.txt
  nigh token --secret secret.txt --user ada --for 1h`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !access.IsName(user) || len(user) > access.MaxReader {
				return usagef("--user takes a reader's name of 1 to %d bytes that does not begin with ~", access.MaxReader)
			}
			if lasts < time.Second {
				return usagef("--for is %v; give it a second or more, such as 1h", lasts)
			}
			method, signer, err := signerOf(secret, key)
			if err != nil {
				return err
			}
			now := time.Now()
			claims := jwt.RegisteredClaims{Subject: user, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lasts)), Issuer: issuer}
			if audience != "" {
				claims.Audience = jwt.ClaimStrings{audience}
			}
			text, err := jwt.NewWithClaims(method, claims).SignedString(signer)
			if err != nil {
				return fmt.Errorf("sign the token: %w", err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&secret, "secret", "", "file of the secret, for HS256")
	flags.StringVar(&key, "key", "", "file of an Ed25519 private key (PEM), for EdDSA")
	flags.StringVar(&user, "user", "", "the reader")
	flags.DurationVar(&lasts, "for", time.Hour, "how long it holds")
	flags.StringVar(&audience, "audience", "", "whom it is for, as in --readers-audience")
	flags.StringVar(&issuer, "issuer", "", "whose it is, as in --readers-issuer")
	cmd.AddCommand(&cobra.Command{
		Use:   "secret",
		Short: "Make a secret to sign tokens with",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var b [access.MinSecret]byte
			_, _ = rand.Read(b[:]) // never fails: see crypto/rand
			_, err := fmt.Fprintln(cmd.OutOrStdout(), base64.RawURLEncoding.EncodeToString(b[:]))
			return err
		},
	})
	return cmd
}

// signerOf reads what tokens are signed with.
func signerOf(secretFile, keyFile string) (jwt.SigningMethod, any, error) {
	switch {
	case (secretFile == "") == (keyFile == ""):
		return nil, nil, usagef("a token is signed with --secret FILE or with --key FILE; give one of the two")
	case secretFile != "":
		secret, err := readSecret(secretFile, "--secret")
		return jwt.SigningMethodHS256, secret, err
	}
	data, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, nil, withHint(fmt.Errorf("read the private key: %w", err), "check the path after --key")
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, nil, errors.New("the private key is no PEM file; make one with openssl genpkey -algorithm ed25519")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	ed, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, nil, errors.New("the private key is none of Ed25519; make one with openssl genpkey -algorithm ed25519")
	}
	return jwt.SigningMethodEdDSA, ed, nil
}

// readSecret reads the one line of a secret's file. It never tells what it read.
func readSecret(file, flag string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, withHint(fmt.Errorf("read the secret of tokens: %w", err), "check the path after "+flag)
	}
	secret := strings.TrimSpace(string(data))
	if len(secret) < access.MinSecret {
		return nil, fmt.Errorf("the secret in %s has %d bytes, HS256 needs %d; make one with nigh token secret", file, len(secret), access.MinSecret)
	}
	return []byte(secret), nil
}

// readerFlags are the flags of nigh serve that say who readers are.
type readerFlags struct {
	secret, key, jwks, audience, issuer string
	trustNames, noAnonymous             bool
}

func (f *readerFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.secret, "readers-secret", "", "file of the secret that readers' tokens (JWT) are signed with: HS256")
	flags.StringVar(&f.key, "readers-key", "", "file of the public key (PEM, Ed25519) of readers' tokens: EdDSA")
	flags.StringVar(&f.jwks, "readers-jwks", "", "https address of the keys (JWKS) of readers' tokens: RS256, ES256")
	flags.StringVar(&f.audience, "readers-audience", "", "the aud that readers' tokens must have")
	flags.StringVar(&f.issuer, "readers-issuer", "", "the iss that readers' tokens must have")
	flags.BoolVar(&f.trustNames, "trust-names", false, "readers without a token may have any name, and so anyone's; else they are anonymous")
	flags.BoolVar(&f.noAnonymous, "no-anonymous", false, "readers need a token")
}

// config reads the files that the flags name.
func (f *readerFlags) config() (c access.TokenConfig, err error) {
	c = access.TokenConfig{JWKS: f.jwks, Audience: f.audience, Issuer: f.issuer}
	if f.secret != "" {
		if c.Secret, err = readSecret(f.secret, "--readers-secret"); err != nil {
			return c, err
		}
	}
	if f.key != "" {
		if c.PublicKey, err = os.ReadFile(f.key); err != nil {
			return c, withHint(fmt.Errorf("read the public key of tokens: %w", err), "check the path after --readers-key")
		}
	}
	if !c.Set() && (f.audience != "" || f.issuer != "" || f.noAnonymous) {
		return c, usagef("nothing says how readers' tokens are checked; add --readers-secret, --readers-key or --readers-jwks")
	}
	return c, nil
}
