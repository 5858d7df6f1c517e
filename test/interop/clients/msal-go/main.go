// One sign-in by MSAL Go. The job comes on stdin (never as an argument, which `ps` would show); one line of JSON goes
// to stdout.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
)

type job struct {
	Authority, ClientID, Password, Scope, Username string
}

type answer struct {
	OK       bool   `json:"ok"`
	Username string `json:"username,omitempty"`
	Error    string `json:"error,omitempty"`
}

func main() {
	var asked job
	given, err := signIn(&asked)
	if err != nil {
		given = answer{Error: err.Error()}
	}
	_ = json.NewEncoder(os.Stdout).Encode(given)
}

func signIn(asked *job) (answer, error) {
	if err := json.NewDecoder(os.Stdin).Decode(asked); err != nil {
		return answer{}, err
	}
	// With instance discovery, MSAL would ask login.microsoftonline.com about this host.
	client, err := public.New(asked.ClientID, public.WithAuthority(asked.Authority), public.WithInstanceDiscovery(false))
	if err != nil {
		return answer{}, err
	}
	result, err := client.AcquireTokenByUsernamePassword(
		context.Background(), []string{asked.Scope}, asked.Username, asked.Password)
	if err != nil {
		return answer{}, err
	}
	return answer{OK: result.AccessToken != "", Username: result.Account.PreferredUsername}, nil
}
