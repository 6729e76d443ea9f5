#include "decode/json_index.h"

#include <memory>
#include <new>

#include <simdjson.h>

struct json_index {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

/* We never run the second stage, whose depth this is. */
static constexpr size_t depth = 1;

extern "C" struct json_index *json_index_new(size_t max_len)
{
    auto *index = new (std::nothrow) json_index();

    if (!index)
        return nullptr;
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(
            max_len + simdjson::SIMDJSON_PADDING, depth, index->stage)) {
        delete index;
        return nullptr;
    }
    return index;
}

extern "C" void json_index_free(struct json_index **index)
{
    delete *index;
    *index = nullptr;
}

extern "C" size_t json_index_bytes(size_t max_len)
{
    return (max_len + 2 * simdjson::SIMDJSON_PADDING) * sizeof(uint32_t);
}

extern "C" bool json_index_build(struct json_index *index, const char *text, size_t len)
{
    auto &stage = *index->stage;

    if (stage.stage1(reinterpret_cast<const uint8_t *>(text), len,
                     simdjson::stage1_mode::regular) != simdjson::SUCCESS)
        return false;
    stage.structural_indexes[stage.n_structural_indexes] = static_cast<uint32_t>(len);
    return true;
}

extern "C" const uint32_t *json_index_tokens(const struct json_index *index, uint32_t *count_out)
{
    *count_out = index->stage->n_structural_indexes;
    return index->stage->structural_indexes.get();
}

extern "C" char *json_unescape(const struct json_index *index, const char *string, char *to)
{
    return reinterpret_cast<char *>(index->stage->parse_string(
        reinterpret_cast<const uint8_t *>(string), reinterpret_cast<uint8_t *>(to)));
}
