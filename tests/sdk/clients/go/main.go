// A link's life through Go's SDKs: prints one line an operation, `NAME ok` or `NAME failed: WHY`.
//
// Usage: clients CLIENT SCHEME HOST:PORT, where CLIENT is vpc-20160428 (V3) or alibaba-cloud-sdk-go (V1). See run.py beside this
// directory.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/tea"
	vpc "github.com/alibabacloud-go/vpc-20160428/v6/client"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

const (
	region  = "cn-shanghai"
	account = "1234567890123456"
)

type fields map[string]string

// answer is what the calls have in common.
type answer struct {
	RouterInterfaceId  string
	Status             string
	RouterInterfaceSet struct {
		RouterInterfaceType []struct {
			Status    string
			Bandwidth int
		}
	}
}

type caller func(action string, parameters fields) (answer, error)

// typed calls through the generated methods of vpc-20160428: its requests read themselves from the API's own names.
func typed(scheme, endpoint string) (caller, error) {
	client, err := vpc.NewClient(&openapi.Config{
		AccessKeyId: tea.String("emulator"), AccessKeySecret: tea.String("emulator-secret"),
		Endpoint: tea.String(endpoint), Protocol: tea.String(scheme), RegionId: tea.String(region),
	})
	if err != nil {
		return nil, err
	}
	return func(action string, parameters fields) (found answer, err error) {
		asked := map[string]interface{}{"RegionId": region}
		for name, value := range parameters {
			asked[name] = value
		}
		read := func(request interface{}) error { return tea.Convert(asked, request) }
		var body interface{}
		switch action {
		case "CreateRouterInterface":
			request := &vpc.CreateRouterInterfaceRequest{}
			if err = read(request); err == nil {
				var response *vpc.CreateRouterInterfaceResponse
				if response, err = client.CreateRouterInterface(request); err == nil {
					body = response.Body
				}
			}
		case "ModifyRouterInterfaceAttribute":
			request := &vpc.ModifyRouterInterfaceAttributeRequest{}
			if err = read(request); err == nil {
				_, err = client.ModifyRouterInterfaceAttribute(request)
			}
		case "ConnectRouterInterface":
			request := &vpc.ConnectRouterInterfaceRequest{}
			if err = read(request); err == nil {
				_, err = client.ConnectRouterInterface(request)
			}
		case "ActivateRouterInterface":
			request := &vpc.ActivateRouterInterfaceRequest{}
			if err = read(request); err == nil {
				_, err = client.ActivateRouterInterface(request)
			}
		case "DeactivateRouterInterface":
			request := &vpc.DeactivateRouterInterfaceRequest{}
			if err = read(request); err == nil {
				_, err = client.DeactivateRouterInterface(request)
			}
		case "DeleteRouterInterface":
			request := &vpc.DeleteRouterInterfaceRequest{}
			if err = read(request); err == nil {
				_, err = client.DeleteRouterInterface(request)
			}
		case "DescribeRouterInterfaceAttribute":
			request := &vpc.DescribeRouterInterfaceAttributeRequest{}
			if err = read(request); err == nil {
				var response *vpc.DescribeRouterInterfaceAttributeResponse
				if response, err = client.DescribeRouterInterfaceAttribute(request); err == nil {
					body = response.Body
				}
			}
		case "DescribeRouterInterfaces":
			request := &vpc.DescribeRouterInterfacesRequest{RegionId: tea.String(region), PageSize: tea.Int32(50)}
			request.Filter = []*vpc.DescribeRouterInterfacesRequestFilter{{
				Key:   tea.String(parameters["Filter.1.Key"]),
				Value: tea.StringSlice([]string{parameters["Filter.1.Value.1"], parameters["Filter.1.Value.2"]}),
			}}
			var response *vpc.DescribeRouterInterfacesResponse
			if response, err = client.DescribeRouterInterfaces(request); err == nil {
				body = response.Body
			}
		}
		if err == nil && body != nil {
			var text []byte
			if text, err = json.Marshal(body); err == nil {
				err = json.Unmarshal(text, &found)
			}
		}
		return found, err
	}, nil
}

// common calls through the request that alibaba-cloud-sdk-go has for any API.
func common(scheme, endpoint string) (caller, error) {
	client, err := sdk.NewClientWithAccessKey(region, "emulator", "emulator-secret")
	if err != nil {
		return nil, err
	}
	return func(action string, parameters fields) (found answer, err error) {
		request := requests.NewCommonRequest()
		request.Method, request.Scheme, request.Domain = "POST", scheme, endpoint
		request.Version, request.ApiName = "2016-04-28", action
		request.QueryParams["RegionId"] = region
		for name, value := range parameters {
			request.QueryParams[name] = value
		}
		response, err := client.ProcessCommonRequest(request)
		if err != nil {
			return found, err
		}
		return found, json.Unmarshal(response.GetHttpContentBytes(), &found)
	}, nil
}

func main() {
	kind, scheme, endpoint := os.Args[1], os.Args[2], os.Args[3]
	make := map[string]func(string, string) (caller, error){"vpc-20160428": typed, "alibaba-cloud-sdk-go": common}[kind]
	call, err := make(scheme, endpoint)
	if err != nil {
		fmt.Println("create failed:", err)
		return
	}
	router := func(of string) string { return of + "-go" + strings.ReplaceAll(kind, "-", "") + scheme }
	wait := func(id, wanted string) error {
		for turn := 0; turn < 100; turn++ {
			found, err := call("DescribeRouterInterfaceAttribute", fields{"InstanceId": id})
			if err != nil || found.Status == wanted {
				return err
			}
			time.Sleep(100 * time.Millisecond)
		}
		return fmt.Errorf("%s is not %s", id, wanted)
	}
	// then calls an action of an interface and waits for a status.
	then := func(action, id, wanted string) error {
		if _, err := call(action, fields{"RouterInterfaceId": id}); err != nil {
			return err
		}
		return wait(id, wanted)
	}
	var initiator, acceptor string
	operations := []struct {
		name string
		act  func() error
	}{
		{"create", func() error {
			border := fields{
				"Role": "InitiatingSide", "RouterType": "VBR", "RouterId": router("vbr"), "AccessPointId": "ap-1", "Spec": "Small.1",
				"OppositeRegionId": region, "OppositeRouterType": "VRouter", "OppositeRouterId": router("vrt"), "ClientToken": router("token"),
			}
			first, err := call("CreateRouterInterface", border)
			if err != nil {
				return err
			}
			again, err := call("CreateRouterInterface", border)
			if err != nil || again.RouterInterfaceId != first.RouterInterfaceId {
				return fmt.Errorf("a ClientToken made two: %v", err)
			}
			other, err := call("CreateRouterInterface", fields{
				"Role": "AcceptingSide", "RouterType": "VRouter", "RouterId": router("vrt"), "Spec": "Negative",
				"OppositeRegionId": region, "OppositeRouterType": "VBR", "OppositeRouterId": router("vbr"), "OppositeAccessPointId": "ap-1",
			})
			initiator, acceptor = first.RouterInterfaceId, other.RouterInterfaceId
			return err
		}},
		{"modify", func() error {
			for _, side := range [][4]string{{acceptor, initiator, "VBR", "vbr"}, {initiator, acceptor, "VRouter", "vrt"}} {
				_, err := call("ModifyRouterInterfaceAttribute", fields{
					"RouterInterfaceId": side[0], "Name": "from-go", "OppositeInterfaceId": side[1],
					"OppositeRouterType": side[2], "OppositeRouterId": router(side[3]), "OppositeInterfaceOwnerId": account,
				})
				if err != nil {
					return err
				}
				if err := wait(side[0], "Idle"); err != nil {
					return err
				}
			}
			return nil
		}},
		{"connect", func() error {
			if err := then("ConnectRouterInterface", initiator, "Active"); err != nil {
				return err
			}
			return wait(acceptor, "Active")
		}},
		{"describe", func() error {
			page, err := call("DescribeRouterInterfaces", fields{
				"PageSize": "50", "Filter.1.Key": "RouterInterfaceId", "Filter.1.Value.1": initiator, "Filter.1.Value.2": acceptor,
			})
			if err != nil {
				return err
			}
			rows := page.RouterInterfaceSet.RouterInterfaceType
			if len(rows) != 2 || rows[0].Status != "Active" || rows[0].Bandwidth+rows[1].Bandwidth != 10 {
				return fmt.Errorf("listed %v", rows)
			}
			return nil
		}},
		{"deactivate", func() error { return then("DeactivateRouterInterface", initiator, "Inactive") }},
		{"activate", func() error { return then("ActivateRouterInterface", initiator, "Active") }},
		{"delete", func() error {
			for _, id := range []string{initiator, acceptor} {
				if err := then("DeactivateRouterInterface", id, "Inactive"); err != nil {
					return err
				}
			}
			for _, id := range []string{initiator, acceptor} {
				if err := then("DeleteRouterInterface", id, ""); err != nil {
					return err
				}
			}
			return nil
		}},
	}
	for _, operation := range operations {
		if err := operation.act(); err != nil {
			fmt.Println(operation.name, "failed:", strings.ReplaceAll(err.Error(), "\n", " "))
			return
		}
		fmt.Println(operation.name, "ok")
	}
}
