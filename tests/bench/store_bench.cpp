// How many call transitions a second the SQLite store makes durable, how long one takes, and how much processor time. Every record
// put is one version of a call; each call has five, as a call that is answered and hung up has.
//
// usage: store_bench FOLDER [TRANSITIONS [OUTSTANDING [plain]]]     prints one line of JSON; plain: calls without time line and inputs
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>

#include "adapters/store/data_folder.hpp"
#include "adapters/store/sqlite_store.hpp"

namespace {

using namespace offhook;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t k_versions = 5;

core::CallRecord call_of(std::uint64_t number) {
  core::CallRecord call;
  call.id = CallId(number * 0x9e3779b97f4a7c15ULL, number);  // ids are drawn by chance
  call.project = "1000001";
  call.caller = "caller-" + std::to_string(number % 5000);
  call.caller_device = "3f1c2e9a-device";
  call.caller_leg.user = call.caller;
  call.caller_leg.devices.push_back({call.caller_device, "Phone", wire::DeviceState::Calling, {}, {}, false, false, false, {}, false, {}});
  auto& leg = call.legs.emplace_back();
  leg.user = "callee-" + std::to_string(number % 5000);
  for (const auto* device : {"phone", "laptop"}) leg.devices.push_back({device, "Device", wire::DeviceState::Ringing, {}, {}, false, false, false, {}, false, {}});
  call.created_at = from_unix_ms(1'700'000'000'000 + static_cast<std::int64_t>(number));
  return call;
}

// As long as the time line and the inputs of such a call are.
void add_notes(core::CallRecord& call) {
  using core::NoteKind;
  for (const auto kind : {NoteKind::Command, NoteKind::Armed, NoteKind::Told, NoteKind::Told}) {
    core::Note note;
    note.at = call.created_at;
    note.kind = kind;
    note.user = call.caller;
    note.device = call.caller_device;
    if (kind == NoteKind::Command) note.command = "ring_ack";
    if (kind == NoteKind::Told) note.phase = call.phase, note.state = wire::DeviceState::Ringing;
    if (kind == NoteKind::Armed) note.timer = core::TimerKind::Ring, note.due = call.created_at + std::chrono::seconds{45};
    call.notes.push_back(std::move(note));
  }
}

void add_inputs(core::CallRecord& call) {
  core::CallInputs inputs;
  for (const auto& device : call.legs.front().devices) inputs.devices.push_back({call.legs.front().user, device.device, device.name, {}});
  inputs.devices.push_back({call.caller, call.caller_device, "Phone", {}});
  for (int i = 0; i < 10; ++i) {
    auto& input = inputs.list.emplace_back();
    input.at = call.created_at;
    input.kind = core::InputKind::Presence;
    input.who = 2;
    input.joined = true;
  }
  inputs.list.front().invite.push_back({"cmd-1", call.legs.front().user, wire::Media::Audio, {}, {}});
  call.inputs = std::make_shared<const core::CallInputs>(std::move(inputs));
}

void advance(core::CallRecord& call, std::uint64_t version, bool plain) {
  call.version = version;
  if (!plain) add_notes(call);
  if (version == 3) call.phase = wire::Phase::Connecting;
  if (version == 4) call.phase = wire::Phase::Active;
  if (version < 5) return;
  call.phase = wire::Phase::Ended;
  call.outcome = wire::Outcome::Ended;
  call.ended_at = call.created_at + std::chrono::seconds{30};
  if (!plain) add_inputs(call);
}

class Loop {
 public:
  void post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
    changed_.notify_one();
  }
  void run_one() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !posted_.empty(); });
    const auto work = std::move(posted_.front());
    posted_.pop_front();
    lock.unlock();
    work();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> posted_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int measure(const std::string& path, std::uint64_t transitions, std::size_t outstanding, bool plain) {
  const auto folder = store::DataFolder::open(path);
  if (!folder) return std::fprintf(stderr, "%s\n", folder.error().message.c_str()), 1;
  Loop loop;
  auto store = store::open_sqlite({folder->database_file(), [&](auto work) { loop.post(std::move(work)); }, [](const auto& why) {
                                     std::fprintf(stderr, "%s\n", why.message.c_str());
                                     std::exit(1);
                                   }});
  if (!store) return std::fprintf(stderr, "%s\n", store.error().message.c_str()), 1;
  std::vector<double> waits_ms;
  waits_ms.reserve(transitions);
  std::vector<core::CallRecord> calls(outstanding);  // each goes through its versions, then another takes its place
  std::uint64_t number = 0;
  const auto cpu_before = cpu_seconds();
  const auto began = Clock::now();
  for (std::uint64_t put = 0; put < transitions; ++put) {
    while ((*store)->pending() >= outstanding) loop.run_one();
    auto& call = calls[put % outstanding];
    if (call.version == 0 || call.version == k_versions) call = call_of(++number);
    advance(call, call.version + 1, plain);
    (*store)->put(call, [&waits_ms, at = Clock::now()] {
      waits_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - at).count());
    });
  }
  while ((*store)->pending() > 0) loop.run_one();
  const auto seconds = std::chrono::duration<double>(Clock::now() - began).count();
  const auto cpu = cpu_seconds() - cpu_before;
  std::sort(waits_ms.begin(), waits_ms.end());
  const auto percentile = [&](double part) { return waits_ms[static_cast<std::size_t>(part * static_cast<double>(waits_ms.size() - 1))]; };
  std::printf("{\"bench\":\"store\",\"transitions\":%llu,\"outstanding\":%zu,\"per_second\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"cpu_us_each\":%.1f}\n",
              static_cast<unsigned long long>(transitions), outstanding, static_cast<double>(transitions) / seconds, percentile(0.5),
              percentile(0.99), 1e6 * cpu / static_cast<double>(transitions));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: store_bench FOLDER [TRANSITIONS [OUTSTANDING [plain]]]\n"), 2;
  const auto number = [&](int index, std::uint64_t otherwise) { return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise; };
  return measure(argv[1], number(2, 200'000), number(3, 100), argc > 4);
}
