// What comes of one attempt to deliver an event to a webhook.
#pragma once

namespace offhook::server {

enum class Delivery {
  Delivered,
  Failed,  // it is tried again
  Dead,    // it is not; somebody may ask for another try
};

}  // namespace offhook::server
