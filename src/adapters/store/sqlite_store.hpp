// Records in one SQLite file. A thread of its own writes: whatever has been put while one commit ran goes into the next one
// (group commit), and the loop goes on deciding meanwhile. Another thread reads, from a connection of its own, so that a long
// question waits for no commit and holds up no call.
//
// WAL with synchronous = FULL: what is called durable is on the disk, as far as the disk tells the truth about that.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "adapters/store/keyring.hpp"
#include "adapters/store/outbox.hpp"
#include "adapters/store/store.hpp"

namespace offhook::store {

struct SqliteOptions {
  std::string file;  // made if it is not there
  // Any thread. Runs `work` later on the loop's thread; what it is given must not be run after the store is gone.
  std::function<void(std::function<void()> work)> post;
  // On the loop's thread, once: nothing more is kept, no `durable` is called any more. Go no further with what is not.
  std::function<void(const StoreError& why)> broken;
  OutboxLimits outbox{};
  std::int64_t max_pages = 0;  // of 4096 bytes, as if the disk were full then; 0: no limit
  // Seal the secrets. Without them none can be put, and a file that holds some is refused.
  std::shared_ptr<const Keyring> keys{};
};

// Records and the events that tell of them, in one file and, where they belong together, in one commit.
class DurableStore : public Store, public Outbox {};

// Opens, checks and upgrades the file. It is never emptied or replaced: what cannot be used is an error. Blocks; before the loop
// runs. The store's destructor waits until everything put is written.
Found<std::unique_ptr<DurableStore>> open_sqlite(SqliteOptions options);

}  // namespace offhook::store
