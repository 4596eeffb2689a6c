// The same endpoint in Go, as a team would write it: client look-up, secret check, JWT check, mark look-up.
package main

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/golang-jwt/jwt/v5"
)

const issuer = "https://auth.example.com"

var (
	database *dynamodb.Client
	keys     = map[string]*rsa.PublicKey{}
	parser   = jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer), jwt.WithExpirationRequired())
)

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	database = dynamodb.NewFromConfig(settings)
	var set struct {
		Keys []struct{ Kid, Kty, N, E string }
	}
	if err := json.Unmarshal([]byte(os.Getenv("JWKS")), &set); err != nil {
		panic(err)
	}
	for _, key := range set.Keys {
		if key.Kty == "RSA" {
			n, _ := base64.RawURLEncoding.DecodeString(key.N)
			e, _ := base64.RawURLEncoding.DecodeString(key.E)
			keys[key.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		}
	}
	lambda.Start(handle)
}

func answer(status int, body any) (events.APIGatewayV2HTTPResponse, error) {
	text, err := json.Marshal(body)
	headers := map[string]string{"content-type": "application/json", "cache-control": "no-store"}
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: headers, Body: string(text)}, err
}

func key(name, value string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{name: &types.AttributeValueMemberS{Value: value}}
}

func handle(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	inactive := map[string]any{"active": false}
	refused := map[string]any{"error": "invalid_client"}
	scheme, encoded, _ := strings.Cut(event.Headers["authorization"], " ")
	credentials, err := base64.StdEncoding.DecodeString(encoded)
	id, secret, found := strings.Cut(string(credentials), ":")
	if err != nil || !found || !strings.EqualFold(scheme, "Basic") {
		return answer(401, refused)
	}
	form, err := url.ParseQuery(event.Body)
	if err != nil || len(form["token"]) != 1 {
		return answer(400, map[string]any{"error": "invalid_request"})
	}
	claims := jwt.MapClaims{}
	token, err := parser.ParseWithClaims(form.Get("token"), claims, func(token *jwt.Token) (any, error) {
		kid, _ := token.Header["kid"].(string)
		if key, ok := keys[kid]; ok {
			return key, nil
		}
		return nil, jwt.ErrTokenUnverifiable
	})
	valid := err == nil && token.Valid
	tables := map[string]types.KeysAndAttributes{}
	yes := true
	tables["oauth-clients"] = types.KeysAndAttributes{ConsistentRead: &yes, Keys: []map[string]types.AttributeValue{key("client_id", id)}}
	if valid {
		text := func(name string) string { value, _ := claims[name].(string); return value }
		kid, _ := token.Header["kid"].(string)
		tables["oauth-tokens"] = types.KeysAndAttributes{ConsistentRead: &yes, Keys: []map[string]types.AttributeValue{
			key("id", "jti#"+issuer+"#"+text("jti")), key("id", "sub#"+issuer+"#"+text("sub")),
			key("id", "client#"+issuer+"#"+text("client_id")), key("id", "iss#"+issuer), key("id", "kid#"+issuer+"#"+kid),
		}}
	}
	items, err := database.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: tables})
	if err != nil || len(items.UnprocessedKeys) > 0 {
		return answer(503, map[string]any{"error": "temporarily_unavailable"})
	}
	digest := sha256.Sum256([]byte(secret))
	stored := ""
	for _, client := range items.Responses["oauth-clients"] {
		if attribute, ok := client["client_secret"].(*types.AttributeValueMemberS); ok {
			stored = attribute.Value
		}
	}
	if subtle.ConstantTimeCompare([]byte(stored), []byte(hex.EncodeToString(digest[:]))) != 1 {
		return answer(401, refused)
	}
	if !valid || len(items.Responses["oauth-tokens"]) > 0 {
		return answer(200, inactive)
	}
	claims["active"] = true
	return answer(200, claims)
}
