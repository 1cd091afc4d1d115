#include "adapters/webhook/client.hpp"

#include <curl/curl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <mutex>
#include <thread>

#include "base/check.hpp"

namespace offhook::webhook {

// One request under way. Its address is known to libcurl, so it never moves.
struct Transfer {
  Request request;
  const ClientOptions* options = nullptr;
  curl_slist* headers = nullptr;
  CURL* handle = nullptr;
  std::string refused;       // why a connection was not made
  std::size_t received = 0;
  char error[CURL_ERROR_SIZE] = "";

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    curl_slist_free_all(headers);
    if (handle != nullptr) curl_easy_cleanup(handle);
  }
};

namespace {

// Called with the address that is about to be connected to.
curl_socket_t open_socket(void* data, curlsocktype, curl_sockaddr* target) {
  auto& transfer = *static_cast<Transfer*>(data);
  const auto address = to_address(target->addr);
  const auto why = address ? refusal(*address, transfer.options->allowed) : std::optional<std::string>("no Internet address");
  if (!why) return socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
  transfer.refused = *why;
  return CURL_SOCKET_BAD;
}

std::size_t take_body(char*, std::size_t, std::size_t count, void* data) {
  auto& transfer = *static_cast<Transfer*>(data);
  transfer.received += count;
  return transfer.received <= transfer.options->max_answer_bytes ? count : 0;  // 0 ends the transfer
}

// A setting that this libcurl does not know would leave a door open.
template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

void set_target(CURL* handle, Transfer& transfer) {
  set(handle, CURLOPT_URL, transfer.request.url.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_PROXY, "");  // also none of the environment
  set(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(handle, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(handle, CURLOPT_OPENSOCKETDATA, &transfer);
}

void set_message(CURL* handle, Transfer& transfer) {
  for (const auto& header : transfer.request.headers) transfer.headers = curl_slist_append(transfer.headers, header.c_str());
  transfer.headers = curl_slist_append(transfer.headers, "Content-Type: application/json");
  transfer.headers = curl_slist_append(transfer.headers, "Expect:");  // no round trip before a small body
  set(handle, CURLOPT_HTTPHEADER, transfer.headers);
  set(handle, CURLOPT_USERAGENT, transfer.options->user_agent.c_str());
  set(handle, CURLOPT_POSTFIELDS, transfer.request.body.data());  // not copied
  set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.request.body.size()));
}

void set_limits(CURL* handle, Transfer& transfer) {
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(to_ms(transfer.options->connect_timeout)));
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(to_ms(transfer.options->total_timeout)));
  set(handle, CURLOPT_WRITEFUNCTION, &take_body);
  set(handle, CURLOPT_WRITEDATA, &transfer);
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_ERRORBUFFER, transfer.error);
  set(handle, CURLOPT_PRIVATE, &transfer);
}

std::string problem_of(const Transfer& transfer, CURLcode code) {
  if (!transfer.refused.empty()) return "refused: " + transfer.refused;
  if (code == CURLE_OPERATION_TIMEDOUT) return "no answer in time";
  return transfer.error[0] != '\0' ? transfer.error : curl_easy_strerror(code);
}

// As soon as there is a status it counts, whatever becomes of the body.
Answer answer_of(const Transfer& transfer, CURLcode code) {
  Answer answer;
  long status = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer.handle, CURLINFO_RETRY_AFTER, &retry_after);
  answer.status = static_cast<int>(status);
  if (retry_after > 0 && (status == 429 || status == 503)) {
    answer.retry_after = std::chrono::seconds{std::min<curl_off_t>(retry_after, 86'400)};
  }
  if (status == 0) answer.problem = problem_of(transfer, code);
  if (status >= 300 && status < 400) answer.problem = "HTTP " + std::to_string(status) + ", and redirects are not followed";
  if (status >= 400 || (status > 0 && status < 200)) answer.problem = "HTTP " + std::to_string(status);
  return answer;
}

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

}  // namespace

// The one place where two threads meet: send() puts requests into `arrived`, the thread takes them out. The lock is held for as
// long as that takes. The way back is whatever `answered` does.
struct Client::Impl {
  Impl(ClientOptions chosen, std::function<void(std::uint64_t, Answer)> tell)
      : options(std::move(chosen)), answered(std::move(tell)) {
    start_curl();
    multi = curl_multi_init();
    CHECK(multi != nullptr);
    thread = std::thread([this] { run(); });
  }

  const ClientOptions options;
  const std::function<void(std::uint64_t, Answer)> answered;
  CURLM* multi = nullptr;
  std::mutex mutex;
  std::vector<Request> arrived;  // at most what the schedule allows at once
  bool stopping = false;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers;  // the thread's own
  std::thread thread;

  void run() {
    sigset_t all;  // signals are for the main thread; writing to a socket that is closed raises one here
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (take_arrived()) {
      int running = 0;
      curl_multi_perform(multi, &running);
      report_done();
      curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
  }

  // The thread has ended.
  ~Impl() {
    for (auto& [handle, transfer] : transfers) curl_multi_remove_handle(multi, handle);
    transfers.clear();
    curl_multi_cleanup(multi);
  }

  // False when it is time to stop.
  bool take_arrived() {
    std::vector<Request> taken;
    {
      const std::lock_guard lock(mutex);
      if (stopping) return false;
      taken.swap(arrived);
    }
    for (auto& request : taken) begin(std::move(request));
    return true;
  }

  void begin(Request request) {
    auto transfer = std::make_unique<Transfer>();
    transfer->request = std::move(request);
    transfer->options = &options;
    auto* handle = transfer->handle = curl_easy_init();
    CHECK(handle != nullptr);
    set_target(handle, *transfer);
    set_message(handle, *transfer);
    set_limits(handle, *transfer);
    CHECK(curl_multi_add_handle(multi, handle) == CURLM_OK);
    transfers.emplace(handle, std::move(transfer));
  }

  void report_done() {
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto code = message->data.result;
      auto* handle = message->easy_handle;
      auto node = transfers.extract(handle);
      const auto answer = answer_of(*node.mapped(), code);
      curl_multi_remove_handle(multi, handle);
      answered(node.mapped()->request.tag, answer);
    }
  }
};

Client::Client(ClientOptions options, std::function<void(std::uint64_t, Answer)> answered)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(answered))) {}

Client::~Client() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  curl_multi_wakeup(impl_->multi);
  impl_->thread.join();
}

void Client::send(Request request) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->arrived.push_back(std::move(request));
  }
  curl_multi_wakeup(impl_->multi);
}

}  // namespace offhook::webhook
