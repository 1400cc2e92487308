using System.Globalization;
using System.Text.Json;

namespace PtaKernels.Corpus.Servers;

/// <summary>One line of <see cref="ServerLines"/>.</summary>
internal sealed class ServerResponse(JsonElement line, string where)
{
    private const string Prefix = "token_id:";

    private JsonElement _root;

    /// <summary>The document.</summary>
    /// <param name="defaultId">Its name when the line gives none.</param>
    /// <exception cref="AlignmentDataException">The line has no log-probabilities, or they are damaged.</exception>
    public TokenizedDocument Document(string defaultId)
    {
        try
        {
            if (line.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException("no JSON object");
            _root = line.TryGetProperty("response", out JsonElement response) && response.ValueKind == JsonValueKind.Object && Has(response, "body", JsonValueKind.Object, out JsonElement body) ? body : line;
            return Document(NameOr(defaultId), Read());
        }
        catch (InvalidDataException e)
        {
            throw new AlignmentDataException($"{where}: {e.Message}.", e);
        }
        catch (InvalidOperationException e)
        {
            throw new AlignmentDataException($"{where}: a text in it is no Unicode; make the file again.", e);
        }
    }

    private static TokenizedDocument Document(string id, Scores scores)
    {
        int n = scores.Ids.Length;
        if (n == 0)
            return new TokenizedDocument { Id = id, Ids = [], Candidates = new TopKLogits([], [], 1), LogSumExp = [], LabelCrossEntropy = [] };
        bool knowsLast = scores.Positions.Count == n;
        int k = scores.Positions.Count == 0 ? 1 : ServerPosition.Shared(scores.Positions, scores.Replacing);
        int[] tokens = new int[n * k];
        double[] values = new double[n * k];
        for (int row = 0; row < scores.Positions.Count; row++)
            scores.Positions[row].CopyTo(tokens.AsSpan(row * k, k), values.AsSpan(row * k, k));
        if (!knowsLast)
        {
            if (n == 1)
                tokens[0] = scores.Ids[0];
            else
                tokens.AsSpan((n - 2) * k, k).CopyTo(tokens.AsSpan((n - 1) * k));
            values.AsSpan((n - 1) * k).Fill(k == 1 ? 0 : -Math.Log(k));
        }

        double[] labels = [.. scores.Positions.Take(n - 1).Select(static p => Math.Max(0, -p.Own))];
        return new TokenizedDocument
        {
            Id = id,
            Ids = scores.Ids,
            Candidates = new TopKLogits(tokens, values, k),
            LogSumExp = new double[n],
            LabelCrossEntropy = labels,
            MeanCrossEntropy = labels.Length > 0 ? labels.Average() : null,
        };
    }

    private string NameOr(string defaultId)
    {
        bool isResponse = _root.TryGetProperty("choices", out _) || _root.TryGetProperty("outputs", out _);
        return line.TryGetProperty("custom_id", out JsonElement name) || (!isResponse && line.TryGetProperty("id", out name))
            ? name.ValueKind is JsonValueKind.String or JsonValueKind.Number ? name.ToString() : defaultId
            : defaultId;
    }

    private Scores Read()
    {
        JsonElement? choice = Has(_root, "choices", JsonValueKind.Array, out JsonElement choices) ? Only(choices, "choices")
            : Has(_root, "outputs", JsonValueKind.Array, out JsonElement outputs) ? Only(outputs, "outputs") : null;
        Scores? generated = choice is { } given ? Generated(given) : null;
        foreach (JsonElement place in new[] { _root, choice ?? _root })
        {
            if (!Has(place, "prompt_logprobs", JsonValueKind.Array, out JsonElement scores))
                continue;
            if (!Has(place, "prompt_token_ids", JsonValueKind.Array, out JsonElement ids) && !Has(_root, "prompt_token_ids", JsonValueKind.Array, out ids))
                throw new InvalidDataException("prompt_logprobs without prompt_token_ids; ask the server with return_token_ids");
            return Prompt(Ids(ids, "prompt_token_ids"), scores, generated);
        }

        if (generated is null)
            throw new InvalidDataException(choice is null ? "has no prompt_logprobs and no choices; ask the server for prompt_logprobs and return_token_ids" : "its log-probabilities name no token ids; ask the server with return_tokens_as_token_ids");
        return WithoutAnswer(generated);
    }

    /// <summary>The prompt, and the first token generated after it where that has log-probabilities of ids.</summary>
    private static Scores Prompt(int[] ids, JsonElement list, Scores? generated)
    {
        if (list.GetArrayLength() != ids.Length)
            throw new InvalidDataException($"prompt_logprobs has {list.GetArrayLength()} entries for {ids.Length} prompt_token_ids");
        List<ServerPosition> positions = new(ids.Length);
        int t = 0;
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (t > 0)
                positions.Add(At("prompt_logprobs", t, () => new ServerPosition(ids[t], null, ById(entry))));
            t++;
        }

        // A chat's list has one candidate less where the token is not among the best.
        if (ids.Length > 0 && generated is { Replacing: false, First: { } after } && after.Count >= (positions.Count == 0 ? 1 : ServerPosition.Shared(positions, replacing: false)) && !after.OwnIsLast)
            positions.Add(after);
        return new Scores(ids, positions, null, false);
    }

    /// <summary>An echoed prompt without what was generated after it.</summary>
    private Scores WithoutAnswer(Scores all)
    {
        if (!all.Replacing && Has(_root, "usage", JsonValueKind.Object, out JsonElement usage) && usage.TryGetProperty("prompt_tokens", out JsonElement prompt) && prompt.ValueKind == JsonValueKind.Number
            && usage.TryGetProperty("total_tokens", out JsonElement total) && total.ValueKind == JsonValueKind.Number
            && total.TryGetInt32(out int tokens) && tokens == all.Ids.Length && prompt.TryGetInt32(out int n) && n > 0 && n < tokens)
        {
            return all with { Ids = all.Ids[..n], Positions = [.. all.Positions.Take(n)] };
        }

        return all;
    }

    private static Scores? Generated(JsonElement choice)
    {
        if (!choice.TryGetProperty("logprobs", out JsonElement scores))
            return null;
        if (scores.ValueKind == JsonValueKind.Array)
            return Has(choice, "token_ids", JsonValueKind.Array, out JsonElement ids) ? Outputs(Ids(ids, "token_ids"), scores) : null;
        if (scores.ValueKind != JsonValueKind.Object)
            return null;
        return Has(scores, "content", JsonValueKind.Array, out JsonElement content) ? Chat(content)
            : Has(scores, "tokens", JsonValueKind.Array, out JsonElement tokens) ? Completion(tokens, scores) : null;
    }

    private static Scores Outputs(int[] ids, JsonElement list)
    {
        if (list.GetArrayLength() != ids.Length)
            throw new InvalidDataException($"logprobs has {list.GetArrayLength()} entries for {ids.Length} token_ids");
        ServerPosition[] all = [.. list.EnumerateArray().Select((entry, t) => At("logprobs", t, () => new ServerPosition(ids[t], null, ById(entry))))];
        return new Scores(ids, [.. all.Skip(1)], all.FirstOrDefault(), false);
    }

    private static Scores? Completion(JsonElement tokens, JsonElement scores)
    {
        int n = tokens.GetArrayLength();
        if (tokens.EnumerateArray().Any(static t => IdOf(t) is null))
            return null;
        int[] ids = [.. tokens.EnumerateArray().Select(static t => IdOf(t)!.Value)];
        if (!Has(scores, "top_logprobs", JsonValueKind.Array, out JsonElement top) || top.GetArrayLength() != n)
            throw new InvalidDataException($"logprobs has no top_logprobs for each of its {n} tokens; ask the server for logprobs of 1 or more");
        JsonElement[] own = Has(scores, "token_logprobs", JsonValueKind.Array, out JsonElement list) && list.GetArrayLength() == n ? [.. list.EnumerateArray()]
            : throw new InvalidDataException($"logprobs has no token_logprobs for each of its {n} tokens");
        List<ServerPosition?> all = new(n);
        foreach (JsonElement entry in top.EnumerateArray())
        {
            int t = all.Count;
            all.Add(t == 0 && entry.ValueKind == JsonValueKind.Null ? null : At("top_logprobs", t, () => new ServerPosition(ids[t], Number(own[t]), ByText(entry))));
        }

        return new Scores(ids, [.. all.Skip(1).Select(static p => p!)], all.FirstOrDefault(), false);
    }

    private static Scores? Chat(JsonElement content)
    {
        if (content.EnumerateArray().Any(static c => c.ValueKind != JsonValueKind.Object || !c.TryGetProperty("token", out JsonElement t) || IdOf(t) is null))
            return null;
        ServerPosition[] all = [.. content.EnumerateArray().Select(static (c, t) => At("content", t, () => new ServerPosition(
            IdOf(c.GetProperty("token"))!.Value, c.TryGetProperty("logprob", out JsonElement own) ? Number(own) : null,
            Has(c, "top_logprobs", JsonValueKind.Array, out JsonElement top) ? [.. top.EnumerateArray().Select(static e => Candidate(e))] : [])))];
        return new Scores([.. content.EnumerateArray().Select(static c => IdOf(c.GetProperty("token"))!.Value)], [.. all.Skip(1)], all.FirstOrDefault(), true);
    }

    private static (int Token, double LogProbability, long Rank) Candidate(JsonElement entry) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("token", out JsonElement token) && IdOf(token) is { } id && entry.TryGetProperty("logprob", out JsonElement value)
            ? (id, Number(value), 0)
            : throw new InvalidDataException("an entry without token_id:N and logprob");

    private static (int Token, double LogProbability, long Rank)[] ById(JsonElement entries) =>
        entries.ValueKind == JsonValueKind.Object
            ? [.. entries.EnumerateObject().Select(static e =>
            {
                int id = int.TryParse(e.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : throw new InvalidDataException($"an entry \"{Shown(e.Name)}\", which is no token id");
                if (e.Value.ValueKind != JsonValueKind.Object)
                    return (id, Number(e.Value), 0);
                if (!e.Value.TryGetProperty("logprob", out JsonElement value))
                    throw new InvalidDataException($"no logprob of token {id}");
                return (id, Number(value), e.Value.TryGetProperty("rank", out JsonElement rank) && rank.ValueKind == JsonValueKind.Number && rank.TryGetInt64(out long r) ? r : 0);
            })]
            : throw new InvalidDataException($"{Shown(entries.GetRawText())} where an object of token ids should be");

    private static (int Token, double LogProbability, long Rank)[] ByText(JsonElement entries) =>
        entries.ValueKind == JsonValueKind.Object
            ? [.. entries.EnumerateObject().Select(static e => (IdOf(e.Name) ?? throw new InvalidDataException($"an entry \"{Shown(e.Name)}\", which is no token_id:N"), Number(e.Value), 0L))]
            : throw new InvalidDataException($"{Shown(entries.GetRawText())} where an object of tokens should be");

    private static int? IdOf(JsonElement token) => token.ValueKind == JsonValueKind.String ? IdOf(token.GetString()!) : null;

    private static int? IdOf(string token) =>
        token.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(token.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : null;

    private static int[] Ids(JsonElement list, string field) =>
    [
        .. list.EnumerateArray().Select((v, t) => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out int id) && id >= 0
            ? id
            : throw new InvalidDataException($"{field} {t} is {Shown(v.GetRawText())}, which is no token id")),
    ];

    private static double Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetDouble(out double number) => number,
        JsonValueKind.String when value.ValueEquals("-Infinity") => double.NegativeInfinity,
        _ => throw new InvalidDataException($"{Shown(value.GetRawText())} where a log-probability should be"),
    };

    private static JsonElement Only(JsonElement list, string field) => list.GetArrayLength() == 1 && list[0].ValueKind == JsonValueKind.Object
        ? list[0]
        : throw new InvalidDataException($"has {list.GetArrayLength()} {field}; ask the server for one prompt and one answer at a time");

    private static bool Has(JsonElement parent, string name, JsonValueKind kind, out JsonElement value) => parent.TryGetProperty(name, out value) && value.ValueKind == kind;

    private static ServerPosition At(string field, int t, Func<ServerPosition> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{field} {t} has {e.Message}", e);
        }
    }

    private static string Shown(string text) => text.Length <= 40 ? text : text[..40] + "...";

    /// <summary>Tokens with what a server says of them.</summary>
    /// <param name="Ids">[length].</param>
    /// <param name="Positions">Of tokens 1, 2, ...; one more where the token after the last is known.</param>
    /// <param name="First">Of token 0.</param>
    /// <param name="Replacing">As in <see cref="ServerPosition.Shared"/>.</param>
    private sealed record Scores(int[] Ids, List<ServerPosition> Positions, ServerPosition? First, bool Replacing);
}
