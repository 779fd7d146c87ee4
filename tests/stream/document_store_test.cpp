#include "stream/document_store.h"

#include <nlohmann/json.hpp>

#include "scratch_test.h"
#include "stream/document.h"

namespace seekling {

using DocumentStoreTest = ScratchTest;

TEST_F(DocumentStoreTest, DocumentsComeBackByNumberAndInOrder) {
  DocumentStore store(dir / "store");
  std::vector<InputDocument> all;
  for (int i = 0; i < 9000; ++i)  // several blocks; one document is longer than a block
    all.push_back(document(std::string(i == 4500 ? 5'000'000 : i % 1000, 'x'), std::to_string(i)));
  for (const InputDocument& d : all) store.add(d);
  store.flush();
  ASSERT_EQ(store.size(), 9000);
  Index next = 0;
  store.for_each([&](Index i, const StoredDocument& d) {
    ASSERT_EQ(i, next++);
    ASSERT_EQ(d.place, all[std::size_t(i)].place);
    ASSERT_TRUE(d.line == all[std::size_t(i)].line);
    ASSERT_EQ(d.text_bytes, Index(all[std::size_t(i)].text.size()));
  });
  EXPECT_EQ(next, 9000);
  for (const Index i : {0, 1, 4499, 4500, 4501, 8999}) {
    EXPECT_TRUE(store.text(i) == all[std::size_t(i)].text);
    EXPECT_EQ(store.place(i), all[std::size_t(i)].place);
  }
}

TEST_F(DocumentStoreTest, AnEmptyStoreHasNoDocuments) {
  DocumentStore store(dir / "store");
  store.flush();
  store.for_each([](Index, const StoredDocument&) { FAIL(); });
}

TEST(StoredLines, ANewTextLeavesTheOtherKeysInTheirOrder) {
  EXPECT_EQ(with_text("{\"id\":1,\"text\":\"A\",\"b\":[2]}", "C"),
            "{\"id\":1,\"text\":\"C\",\"b\":[2]}");
}

}  // namespace seekling
