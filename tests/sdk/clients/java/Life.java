import com.aliyun.teaopenapi.models.Config;
import com.aliyun.vpc20160428.Client;
import com.aliyun.vpc20160428.models.*;
import java.util.List;
import java.util.Objects;

/**
 * A link's life through com.aliyun:vpc20160428: prints one line an operation, {@code NAME ok} or {@code NAME failed: WHY}.
 *
 * <p>Usage: java Life SCHEME HOST:PORT. See run.py beside this directory.
 */
public final class Life {
  private static final String REGION = "cn-shanghai";
  private static final long ACCOUNT = 1234567890123456L;

  private interface Act {
    void run() throws Exception;
  }

  private final Client client;
  private final String scheme;
  private String initiator;
  private String acceptor;

  private Life(String scheme, String endpoint) throws Exception {
    this.scheme = scheme;
    Config config = new Config().setAccessKeyId("emulator").setAccessKeySecret("emulator-secret");
    client = new Client(config.setEndpoint(endpoint).setProtocol(scheme).setRegionId(REGION));
  }

  private String router(String of) {
    return of + "-java" + scheme;
  }

  private void wait(String id, String wanted) throws Exception {
    for (int turn = 0; turn < 100; turn++) {
      DescribeRouterInterfaceAttributeRequest asked = new DescribeRouterInterfaceAttributeRequest();
      String status = client.describeRouterInterfaceAttribute(asked.setRegionId(REGION).setInstanceId(id)).getBody().getStatus();
      if (Objects.equals(status, wanted)) {
        return;
      }
      Thread.sleep(100);
    }
    throw new IllegalStateException(id + " is not " + wanted);
  }

  private void create() throws Exception {
    CreateRouterInterfaceRequest border = new CreateRouterInterfaceRequest().setRegionId(REGION).setRole("InitiatingSide")
        .setRouterType("VBR").setRouterId(router("vbr")).setAccessPointId("ap-1").setSpec("Small.1").setOppositeRegionId(REGION)
        .setOppositeRouterType("VRouter").setOppositeRouterId(router("vrt")).setClientToken(router("token"));
    initiator = client.createRouterInterface(border).getBody().getRouterInterfaceId();
    if (!client.createRouterInterface(border).getBody().getRouterInterfaceId().equals(initiator)) {
      throw new IllegalStateException("a ClientToken made two");
    }
    acceptor = client.createRouterInterface(new CreateRouterInterfaceRequest().setRegionId(REGION).setRole("AcceptingSide")
        .setRouterType("VRouter").setRouterId(router("vrt")).setSpec("Negative").setOppositeRegionId(REGION)
        .setOppositeRouterType("VBR").setOppositeRouterId(router("vbr")).setOppositeAccessPointId("ap-1"))
        .getBody().getRouterInterfaceId();
  }

  private void tell(String id, String other, String type, String router) throws Exception {
    client.modifyRouterInterfaceAttribute(new ModifyRouterInterfaceAttributeRequest().setRegionId(REGION).setRouterInterfaceId(id)
        .setName("from-java").setOppositeInterfaceId(other).setOppositeRouterType(type).setOppositeRouterId(router)
        .setOppositeInterfaceOwnerId(ACCOUNT));
    wait(id, "Idle");
  }

  private void connect() throws Exception {
    client.connectRouterInterface(new ConnectRouterInterfaceRequest().setRegionId(REGION).setRouterInterfaceId(initiator));
    wait(initiator, "Active");
    wait(acceptor, "Active");
  }

  private void describe() throws Exception {
    DescribeRouterInterfacesRequest.DescribeRouterInterfacesRequestFilter ids =
        new DescribeRouterInterfacesRequest.DescribeRouterInterfacesRequestFilter();
    ids.setKey("RouterInterfaceId").setValue(List.of(initiator, acceptor));
    int bandwidth = 0;
    for (var row : client.describeRouterInterfaces(new DescribeRouterInterfacesRequest().setRegionId(REGION).setPageSize(50)
        .setFilter(List.of(ids))).getBody().getRouterInterfaceSet().getRouterInterfaceType()) {
      bandwidth += row.getBandwidth();
    }
    if (bandwidth != 10) {
      throw new IllegalStateException("listed a bandwidth of " + bandwidth);
    }
  }

  private void deactivate(String id) throws Exception {
    client.deactivateRouterInterface(new DeactivateRouterInterfaceRequest().setRegionId(REGION).setRouterInterfaceId(id));
    wait(id, "Inactive");
  }

  private void activate() throws Exception {
    client.activateRouterInterface(new ActivateRouterInterfaceRequest().setRegionId(REGION).setRouterInterfaceId(initiator));
    wait(initiator, "Active");
  }

  private void delete() throws Exception {
    for (String id : List.of(initiator, acceptor)) {
      deactivate(id);
    }
    for (String id : List.of(initiator, acceptor)) {
      client.deleteRouterInterface(new DeleteRouterInterfaceRequest().setRegionId(REGION).setRouterInterfaceId(id));
      wait(id, null);
    }
  }

  private static boolean did(String name, Act act) {
    try {
      act.run();
      System.out.println(name + " ok");
      return true;
    } catch (Exception error) {
      System.out.println(name + " failed: " + error.toString().replace('\n', ' '));
      return false;
    }
  }

  public static void main(String[] arguments) throws Exception {
    Life life = new Life(arguments[0], arguments[1]);
    boolean all = did("create", life::create)
        && did("modify", () -> {
          life.tell(life.acceptor, life.initiator, "VBR", life.router("vbr"));
          life.tell(life.initiator, life.acceptor, "VRouter", life.router("vrt"));
        })
        && did("connect", life::connect)
        && did("describe", life::describe)
        && did("deactivate", () -> life.deactivate(life.initiator))
        && did("activate", life::activate)
        && did("delete", life::delete);
    System.exit(all ? 0 : 1);
  }
}
