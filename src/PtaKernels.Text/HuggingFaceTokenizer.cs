using System.Text;

namespace PtaKernels.Text;

/// <summary>Hugging Face <c>tokenizer.json</c>: BPE (byte-level, or with markers and byte fallback) and Unigram.</summary>
/// <remarks>
/// Ids are as in the file. Tokens of <c>added_tokens</c> are literal text; the special ones have none. A token that no encoder step can make
/// (a character outside the byte-level alphabet) decodes to its UTF-8, as the library's own decoder has it.
/// </remarks>
internal static class HuggingFaceTokenizer
{
    private const string Supported = "expected BPE (byte-level, or with ▁ markers) or Unigram";

    public static TokenVocabulary Read(JsonPlace root)
    {
        JsonPlace model = root.Find("model") ?? throw root.Wrong("an object with a model");
        string type = TypeOf(model);
        if (type is not ("BPE" or "Unigram"))
            throw new AlignmentDataException($"{root.File}: its model is {Quoted.Shown(type)}, which is not supported; {Supported}.");
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.Find(affix)?.Text() is { Length: > 0 } spelling)
                throw new AlignmentDataException($"{root.File}: model.{affix} is {Quoted.Text(spelling)}, which is not supported; {Supported}.");
        }

        TokenizerStyle style = TokenizerStyle.Of(root, model)
            ?? (type == "Unigram" ? new TokenizerStyle(false, "▁", false, false)
                : throw new AlignmentDataException($"{root.File}: its BPE is neither byte-level nor marks spaces, so tokens do not say their text; {Supported}."));
        TokenizerRoles roles = TokenizerRoles.Beside(root.File);
        var builder = new VocabularyBuilder(root.File);
        if (type == "BPE")
            AddPairs(builder, model, style, roles);
        else
            AddPieces(builder, model, style, roles);
        AddAdded(builder, root, style, roles);
        roles.Apply(builder, style.ByteLevel, listed: true);
        return builder.Build(VocabularyContent.NameOf(root.File), style.Marker, style.ByteLevel, style.DummyPrefix);
    }

    /// <summary>Old files leave the type out: merges make it BPE, a list of pieces Unigram.</summary>
    public static string TypeOf(JsonPlace model) => model.Find("type")?.Text()
        ?? (model.Find("merges") is { IsArray: true } ? "BPE" : model.Find("vocab") is { IsArray: true } ? "Unigram" : "of no known type");

    private static void AddPairs(VocabularyBuilder builder, JsonPlace model, TokenizerStyle style, TokenizerRoles roles)
    {
        if (model.Find("merges") is not { IsArray: true })
            throw new AlignmentDataException($"{model.File}: model.merges is missing or no list; expected a whole BPE model.");
        foreach ((string token, JsonPlace id) in (model.Find("vocab") ?? throw model.Wrong("a model with vocab")).Members())
            builder.Add("model.vocab", id.Integer(), token, style.TextOf(token));
        if (model.Find("unk_token")?.Text() is { Length: > 0 } unknown)
            roles.GiveUnknown(unknown);
    }

    private static void AddPieces(VocabularyBuilder builder, JsonPlace model, TokenizerStyle style, TokenizerRoles roles)
    {
        int id = 0;
        foreach (JsonPlace item in (model.Find("vocab") ?? throw model.Wrong("a model with vocab")).Items())
        {
            if (item.Value is not { ValueKind: System.Text.Json.JsonValueKind.Array } pair || pair.GetArrayLength() != 2)
                throw item.Wrong("[piece, score]");
            JsonPlace[] parts = [.. item.Items()];
            if (!parts[1].IsNumber)
                throw parts[1].Wrong("a piece's score");
            builder.Add(item.Where, id++, parts[0].Text(), style.TextOf(parts[0].Text()));
        }

        if (model.Find("unk_id") is not { } unknown)
            return;
        VocabularyBuilder.Token token = builder.Find(unknown.Integer()) ?? throw unknown.Wrong($"null or an id below {id}");
        roles.GiveUnknown(token.Text);
    }

    private static void AddAdded(VocabularyBuilder builder, JsonPlace root, TokenizerStyle style, TokenizerRoles roles)
    {
        if (root.Find("added_tokens") is { } added)
        {
            foreach (JsonPlace token in added.Items())
            {
                long id = token.Find("id")?.Integer() ?? throw token.Wrong("an added token with id and content");
                string content = token.Find("content")?.Text() ?? throw token.Wrong("an added token with id and content");
                Literal(builder, token.Where, id, content, token.Flag("special"), style);
            }
        }

        foreach ((string where, long id, string content, bool? special) in roles.Added)
        {
            // What the file has already keeps its id; the files beside it may be older.
            int known = builder.IdOf(content);
            Literal(builder, where, known < 0 ? id : known, content, special ?? false, style);
        }
    }

    /// <summary>
    /// An added token is matched in the text itself, so it stands for its own spelling. Only where the model makes the same piece from marked spaces
    /// (runs of ▁) is that piece what a document has.
    /// </summary>
    public static void Literal(VocabularyBuilder builder, string where, long id, string content, bool special, TokenizerStyle style)
    {
        if (builder.Find(id) is not { } known || known.Text != content)
            builder.Add(where, id, content, Encoding.UTF8.GetBytes(content));
        else if (style.ByteLevel)
            builder.Retext((int)id, Encoding.UTF8.GetBytes(content));
        if (special)
            builder.Mark((int)id, TokenRoles.Special);
    }
}
