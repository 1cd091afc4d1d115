#include "wire/opentok_bodies.hpp"

#include <gtest/gtest.h>

#include "wire/form.hpp"

namespace offhook::wire::opentok {
namespace {

TEST(OpenTokBodies, SignalsOfEverySdk) {
  for (const std::string type : {R"("type":null,)", R"("type":"",)", ""}) {
    const auto signal = read_signal("{" + type + R"("data":"h\u00e9llo"})");
    ASSERT_TRUE(signal);
    EXPECT_EQ(signal->type, "");
    EXPECT_EQ(signal->data, "h\xc3\xa9llo");
  }
  EXPECT_EQ(read_signal(R"({"type":"a-b.c_d~","data":""})")->type, "a-b.c_d~");
}

unsigned status_of_signal(const std::string& body) {
  const auto signal = read_signal(body);
  return signal ? 204 : signal.error().status;
}

TEST(OpenTokBodies, SignalsThatAreWrong) {
  EXPECT_EQ(status_of_signal("{}"), 400u);
  EXPECT_EQ(status_of_signal("[]"), 400u);
  EXPECT_EQ(status_of_signal("{"), 400u);
  EXPECT_EQ(status_of_signal(R"({"data":{"a":1}})"), 400u);
  EXPECT_EQ(status_of_signal(R"({"type":"a b","data":"x"})"), 400u);
  EXPECT_EQ(status_of_signal(R"({"type":5,"data":"x"})"), 400u);
  EXPECT_EQ(status_of_signal(R"({"data":")" + std::string(8'192, 'x') + "\"}"), 204u);
  EXPECT_EQ(status_of_signal(R"({"data":")" + std::string(8'193, 'x') + "\"}"), 413u);
  EXPECT_EQ(status_of_signal(R"({"type":")" + std::string(129, 'x') + R"(","data":""})"), 413u);
}

TEST(OpenTokBodies, MuteInEverySpelling) {
  const StreamId stream(1, 2);
  EXPECT_TRUE(read_mute("{}")->active);
  EXPECT_TRUE(read_mute("")->active);
  EXPECT_TRUE(read_mute(R"({"active":"true"})")->active);
  EXPECT_FALSE(read_mute(R"({"active":"false"})")->active);
  EXPECT_FALSE(read_mute(R"({"active":false})")->active);
  for (const std::string name : {"excludedStreamIds", "excludedStreams"}) {
    const auto mute = read_mute("{\"" + name + "\":[\"" + stream.text() + R"(","st1"],"active":true})");
    ASSERT_TRUE(mute);
    EXPECT_EQ(mute->except, std::vector<StreamId>{stream});
  }
  EXPECT_FALSE(read_mute(R"({"active":"yes"})"));
  EXPECT_FALSE(read_mute(R"({"excludedStreams":"st1"})"));
}

TEST(OpenTokBodies, LayoutsAndCallbacks) {
  const StreamId stream(1, 2);
  const auto layouts = read_layouts(R"({"items":[{"id":")" + stream.text() + R"(","layoutClassList":["full","focus"]}]})");
  ASSERT_TRUE(layouts);
  EXPECT_EQ(layouts->front().second, (std::vector<std::string>{"full", "focus"}));
  EXPECT_FALSE(read_layouts(R"({"items":[{"id":"st1","layoutClassList":[]}]})"));
  EXPECT_FALSE(read_layouts(R"({"items":[{"id":")" + stream.text() + R"("}]})"));
  EXPECT_FALSE(read_layouts("{}"));
  EXPECT_FALSE(read_layout(R"({"layoutClassList":[1]})"));
  EXPECT_TRUE(read_callback(R"({"group":"connection","event":"created","url":"http://x"})"));
  EXPECT_FALSE(read_callback(R"({"group":"connection","event":"status","url":"http://x"})"));
  EXPECT_FALSE(read_callback(R"({"group":"connection","event":"created"})"));
}

TEST(OpenTokBodies, WhatSessionsMayBe) {
  for (const auto form : {"", "p2p.preference=enabled&archiveMode=manual&e2ee=false", "location=&p2p.preference=enabled&archiveMode=manual&e2ee=False",
                          "archiveMode=manual&location=12.34.56.78&e2ee=true&p2p.preference=disabled", "anything=else",
                          "archiveMode=always&archiveName=x+y&archiveResolution=1280x720&p2p.preference=disabled"}) {
    EXPECT_FALSE(objection_to_session(form)) << form;
  }
  for (const auto form : {"archiveMode=always", "archiveMode=sometimes", "e2ee=True&p2p.preference=enabled", "p2p.preference=maybe",
                          "e2ee=true&archiveMode=always&p2p.preference=disabled", "archiveName=x", "archiveResolution=640x480",
                          "archiveMode=always&p2p.preference=disabled&archiveResolution=1x1"}) {
    EXPECT_TRUE(objection_to_session(form)) << form;
  }
}

TEST(OpenTokBodies, JsonOnlyForWhoNamesIt) {
  EXPECT_TRUE(wants_json("application/json"));
  EXPECT_TRUE(wants_json("text/html, Application/JSON;q=0.9"));
  for (const auto accept : {"", "*/*", "text/xml", "application/*", "application/jsonx"}) EXPECT_FALSE(wants_json(accept)) << accept;
}

TEST(OpenTokBodies, ListsHaveNothingButCountAndItems) {
  EXPECT_EQ(list_json({}), R"({"count":0,"items":[]})");
  Stream stream{StreamId(1, 2), ConnectionId(3, 4), {}, true, false, {}, 5};
  EXPECT_EQ(stream_json(stream, {"full"}), R"({"id":")" + StreamId(1, 2).text() + R"(","name":"","layoutClassList":["full"]})");
  stream.has_video = true;
  EXPECT_NE(stream_json(stream, {}).find(R"("videoType":"camera")"), std::string::npos);
}

TEST(OpenTokBodies, DatesAsJavaWritesThem) {
  EXPECT_NE(session_xml("1_x", "5", from_unix_ms(1'394'991'691'000)).find("<create_dt>Sun Mar 16 17:41:31 UTC 2014</create_dt>"), std::string::npos);
}

TEST(Form, SpacesPercentSignsAndWhatIsBroken) {
  const auto form = parse_form("a=x+y&b=x%20y&&c=%C3%A9&d&=e&a=last&f=%zz&g=%4&h=%+1");
  EXPECT_EQ(form, (Form{{"", "e"}, {"a", "last"}, {"b", "x y"}, {"c", "\xc3\xa9"}}));
}

}  // namespace
}  // namespace offhook::wire::opentok
