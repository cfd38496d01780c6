# Two links: one made by the newer resource, one by the older ones. See life.sh beside this file.

terraform {
  required_providers {
    alicloud = { source = "aliyun/alicloud" }
  }
}

variable "address" {}
variable "name" { default = "uplink" }

provider "alicloud" {
  region                 = "cn-shanghai"
  access_key             = "emulator"
  secret_key             = "emulator-secret"
  account_id             = "1234567890123456"
  protocol               = "HTTP"
  skip_region_validation = true
  endpoints {
    vpc = var.address
    ecs = var.address # the older resources look for regions there
  }
}

resource "alicloud_express_connect_router_interface" "fast" {
  role                        = "InitiatingSide"
  router_type                 = "VBR"
  router_id                   = "vbr-fast"
  access_point_id             = "ap-cn-shanghai-1"
  opposite_region_id          = "cn-shanghai"
  opposite_router_type        = "VRouter"
  opposite_router_id          = "vrt-fast"
  opposite_interface_owner_id = "1234567890123456"
  fast_link_mode              = true
  spec                        = "Small.1"
  router_interface_name       = var.name
  tags                        = { site = "sh" }
  timeouts {
    update = "20s"
  }
}

resource "alicloud_router_interface" "initiator" {
  opposite_region = "cn-shanghai"
  router_type     = "VRouter"
  router_id       = "vrt-1"
  role            = "InitiatingSide"
  specification   = "Large.2"
  name            = "initiator"
}

resource "alicloud_router_interface" "acceptor" {
  opposite_region = "cn-shanghai"
  router_type     = "VRouter"
  router_id       = "vrt-2"
  role            = "AcceptingSide"
  specification   = "Large.1"
  name            = "acceptor"
}

resource "alicloud_router_interface_connection" "acceptor" {
  interface_id          = alicloud_router_interface.acceptor.id
  opposite_interface_id = alicloud_router_interface.initiator.id
}

resource "alicloud_router_interface_connection" "initiator" {
  interface_id          = alicloud_router_interface.initiator.id
  opposite_interface_id = alicloud_router_interface.acceptor.id
  depends_on            = [alicloud_router_interface_connection.acceptor]
}

output "fast" {
  value = alicloud_express_connect_router_interface.fast.id
}

output "old" {
  value = alicloud_router_interface.initiator.id
}
