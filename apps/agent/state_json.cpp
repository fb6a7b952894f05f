#include "apps/agent/state_json.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <limits>

namespace beeline::agent {
namespace {

namespace json = boost::json;
using source::file::Document;

constexpr std::uint64_t any_number = (1ULL << 63) - 1;
constexpr std::uint64_t any_line = std::numeric_limits<int>::max();

json::object labels_json(const model::Labels& labels) {
    json::object object;
    for (const auto& [key, value] : labels)
        object[key] = value;
    return object;
}

std::string file_text(const json::value& value) {
    return json::serialize(value) + "\n";
}

// Typed access to the members of one object.
class Reader {
public:
    explicit Reader(const json::object& object) : object_(object) {}

    Result<std::string> text(std::string_view field) const {
        const json::value* value = object_.if_contains(field);
        if (!value || !value->is_string()) return fail(Errc::invalid, fmt::format("{}: is no string", field));
        return std::string(value->get_string());
    }
    Result<std::uint64_t> number(std::string_view field, std::uint64_t high) const {
        const json::value* value = object_.if_contains(field);
        boost::system::error_code error;
        const auto number = value ? value->to_number<std::uint64_t>(error) : 0;
        if (!value || error || number > high)
            return fail(Errc::invalid, fmt::format("{}: is no number up to {}", field, high));
        return number;
    }
    Result<model::Labels> labels(std::string_view field) const {
        const json::value* value = object_.if_contains(field);
        if (!value || !value->is_object()) return fail(Errc::invalid, fmt::format("{}: is no object", field));
        const Reader inner(value->get_object());
        model::Labels labels;
        for (const auto& [key, label] : value->get_object())
            labels[key] = TRY(inner.text(key));
        return labels;
    }
    Result<std::optional<Addr>> addr(std::string_view field, Family family) const {
        if (!object_.contains(field)) return std::nullopt;
        const auto written = TRY(text(field));
        const auto addr = parse_addr(written);
        if (!addr || addr->family != family)
            return fail(Errc::invalid, fmt::format("{}: '{}' is no address of its family", field, written));
        return *addr;
    }
    Result<const json::array*> list(std::string_view field) const {
        const json::value* value = object_.if_contains(field);
        if (!value || !value->is_array()) return fail(Errc::invalid, fmt::format("{}: is no list", field));
        return &value->get_array();
    }

private:
    const json::object& object_;
};

Result<json::object> parse_object(const std::string& text) {
    boost::system::error_code error;
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // manifests may be UTF-16, and are kept as they are
    json::value value = json::parse(text, error, {}, options);
    if (error) return fail(Errc::invalid, "is not JSON: " + error.message());
    if (!value.is_object()) return fail(Errc::invalid, "is no JSON object");
    return std::move(value.get_object());
}

template <class Row, class Parse>
Result<std::vector<Row>> read_rows(const Reader& reader, const char* field, Parse parse) {
    std::vector<Row> rows;
    for (const auto& item : *TRY(reader.list(field))) {
        if (!item.is_object()) return fail(Errc::invalid, fmt::format("{}: an item is no object", field));
        rows.push_back(TRY(parse(Reader(item.get_object()))));
    }
    return rows;
}

template <class Row, class Parse>
Result<std::vector<Row>> parse_rows(const std::string& text, const char* field, Parse parse) {
    const json::object object = TRY(parse_object(text));
    return read_rows<Row>(Reader(object), field, parse);
}

Result<model::Ref> read_ref(const Reader& reader) {
    const std::string kind = TRY(reader.text("kind"));
    return model::Ref{TRY(model::parse_kind(kind)), TRY(reader.text("namespace")), TRY(reader.text("name"))};
}

Result<store::HeldPort> read_held_port(const Reader& reader) {
    const std::string name = TRY(reader.text("name")), proto = TRY(reader.text("protocol"));
    const auto number = static_cast<std::uint16_t>(TRY(reader.number("port", 65535)));
    if (number == 0) return fail(Errc::invalid, "port: is 0");
    return store::HeldPort{name, TRY(parse_proto(proto)), Port{number}};
}

Result<Document> read_document(const Reader& reader) {
    Document document{static_cast<int>(TRY(reader.number("line", any_line))), TRY(reader.text("text")), {}};
    for (model::Ref& ref : TRY(read_rows<model::Ref>(reader, "objects", read_ref)))
        document.objects.insert(std::move(ref));
    return document;
}

json::object document_json(const Document& document) {
    json::array objects;
    for (const model::Ref& ref : document.objects)
        objects.emplace_back(
            json::object{{"kind", model::kind_name(ref.kind)}, {"namespace", ref.ns}, {"name", ref.name}});
    return {{"line", document.line}, {"text", document.text}, {"objects", std::move(objects)}};
}

}  // namespace

std::string endpoint_text(const model::Endpoint& endpoint) {
    json::object object{{"id", endpoint.id.value},
                        {"namespace", endpoint.pod.ns},
                        {"name", endpoint.pod.name},
                        {"labels", labels_json(endpoint.labels)},
                        {"own_labels", labels_json(endpoint.own_labels)},
                        {"netns", endpoint.netns},
                        {"netns_inode", endpoint.netns_inode},
                        {"ifname", endpoint.ifname},
                        {"identity", endpoint.identity.value},
                        {"created_ms", endpoint.created_ms}};
    if (endpoint.addr4) object["addr4"] = to_string(*endpoint.addr4);
    if (endpoint.addr6) object["addr6"] = to_string(*endpoint.addr6);
    return file_text(object);
}

std::string identities_text(const IdentityTable& table) {
    json::array rows;
    for (const auto& [labels, id] : table)
        rows.emplace_back(
            json::object{{"id", id.value}, {"namespace", labels.ns}, {"labels", labels_json(labels.labels)}});
    return file_text(json::object{{"identities", std::move(rows)}});
}

std::string cluster_ips_text(const ClusterIpTable& table) {
    json::array rows;
    for (const auto& [name, addrs] : table) {
        json::array texts;
        for (const Addr& addr : addrs)
            texts.emplace_back(to_string(addr));
        rows.emplace_back(json::object{{"namespace", name.ns}, {"name", name.name}, {"ips", std::move(texts)}});
    }
    return file_text(json::object{{"cluster_ips", std::move(rows)}});
}

std::string node_ports_text(const store::NodePortTable& table) {
    json::array rows;
    for (const auto& [name, ports] : table) {
        json::array list;
        for (const store::HeldPort& held : ports)
            list.emplace_back(
                json::object{{"name", held.name}, {"protocol", to_string(held.proto)}, {"port", held.port.value}});
        rows.emplace_back(json::object{{"namespace", name.ns}, {"name", name.name}, {"ports", std::move(list)}});
    }
    return file_text(json::object{{"node_ports", std::move(rows)}});
}

std::string kept_text(const KeptFiles& kept) {
    json::array files;
    for (const auto& [file, documents] : kept.files) {
        json::array list;
        for (const Document& document : documents)
            list.emplace_back(document_json(document));
        files.emplace_back(json::object{{"file", file}, {"documents", std::move(list)}});
    }
    return file_text(json::object{{"manifests", kept.manifests}, {"files", std::move(files)}});
}

Result<model::Endpoint> parse_endpoint(const std::string& text) {
    const json::object object = TRY(parse_object(text));
    const Reader reader(object);
    model::Endpoint endpoint;
    endpoint.id = {static_cast<std::uint16_t>(TRY(reader.number("id", 65535)))};
    if (endpoint.id.value == 0) return fail(Errc::invalid, "id: is 0");
    endpoint.pod.ns = TRY(reader.text("namespace"));
    endpoint.pod.name = TRY(reader.text("name"));
    endpoint.labels = TRY(reader.labels("labels"));
    endpoint.own_labels = TRY(reader.labels("own_labels"));
    endpoint.netns = TRY(reader.text("netns"));
    endpoint.netns_inode = TRY(reader.number("netns_inode", any_number));
    endpoint.ifname = TRY(reader.text("ifname"));
    endpoint.identity = {static_cast<std::uint32_t>(TRY(reader.number("identity", 0xffffffff)))};
    endpoint.created_ms = static_cast<std::int64_t>(TRY(reader.number("created_ms", any_number)));
    endpoint.addr4 = TRY(reader.addr("addr4", Family::v4));
    endpoint.addr6 = TRY(reader.addr("addr6", Family::v6));
    return endpoint;
}

Result<IdentityTable> parse_identities(const std::string& text) {
    using Row = IdentityTable::value_type;
    return parse_rows<Row>(text, "identities", [](const Reader& reader) -> Result<Row> {
        const model::IdentityLabels labels{TRY(reader.text("namespace")), TRY(reader.labels("labels"))};
        return Row{labels, {static_cast<std::uint32_t>(TRY(reader.number("id", 0xffffffff)))}};
    });
}

Result<ClusterIpTable> parse_cluster_ips(const std::string& text) {
    using Row = ClusterIpTable::value_type;
    return parse_rows<Row>(text, "cluster_ips", [](const Reader& reader) -> Result<Row> {
        Row row{{TRY(reader.text("namespace")), TRY(reader.text("name"))}, {}};
        for (const auto& item : *TRY(reader.list("ips"))) {
            if (!item.is_string()) return fail(Errc::invalid, "ips: an item is no string");
            const std::string written(item.get_string());
            row.second.push_back(TRY(parse_addr(written)));
        }
        return row;
    });
}

Result<store::NodePortTable> parse_node_ports(const std::string& text) {
    using Row = store::NodePortTable::value_type;
    return parse_rows<Row>(text, "node_ports", [](const Reader& reader) -> Result<Row> {
        const model::Name name{TRY(reader.text("namespace")), TRY(reader.text("name"))};
        return Row{name, TRY(read_rows<store::HeldPort>(reader, "ports", read_held_port))};
    });
}

Result<KeptFiles> parse_kept(const std::string& text) {
    using Row = std::pair<std::string, std::vector<Document>>;
    const json::object object = TRY(parse_object(text));
    const Reader reader(object);
    KeptFiles kept{TRY(reader.text("manifests")), {}};
    const auto read_file = [](const Reader& row) -> Result<Row> {
        return Row{TRY(row.text("file")), TRY(read_rows<Document>(row, "documents", read_document))};
    };
    for (Row& row : TRY(read_rows<Row>(reader, "files", read_file)))
        kept.files.insert(std::move(row));
    return kept;
}

}  // namespace beeline::agent
