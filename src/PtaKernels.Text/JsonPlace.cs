using System.Text.Json;

namespace PtaKernels.Text;

/// <summary>A parsed JSON file.</summary>
internal sealed class JsonFile : IDisposable
{
    private readonly JsonDocument _document;

    private JsonFile(string file, JsonDocument document)
    {
        _document = document;
        Root = new JsonPlace(file, "", document.RootElement);
    }

    /// <summary>The outermost value; it lives as long as the file.</summary>
    public JsonPlace Root { get; }

    /// <exception cref="AlignmentDataException">The content is not JSON.</exception>
    public static JsonFile Parse(string file, ReadOnlyMemory<byte> content)
    {
        try
        {
            return new JsonFile(file, JsonDocument.Parse(content));
        }
        catch (JsonException e)
        {
            throw new AlignmentDataException($"{file}: not valid JSON (line {e.LineNumber + 1}); expected vocabulary JSON, whole.", e);
        }
    }

    /// <summary>A file that may be missing: null then.</summary>
    public static JsonFile? Open(string file) => File.Exists(file) ? Parse(file, VocabularyContent.Read(file)) : null;

    public void Dispose() => _document.Dispose();
}

/// <summary>A JSON value that knows its file and its place in it, so that a wrong one makes one sentence.</summary>
internal readonly record struct JsonPlace(string File, string Where, JsonElement Value)
{
    public bool IsObject => Value.ValueKind == JsonValueKind.Object;

    public bool IsArray => Value.ValueKind == JsonValueKind.Array;

    public bool IsString => Value.ValueKind == JsonValueKind.String;

    public bool IsNumber => Value.ValueKind == JsonValueKind.Number;

    /// <summary>A member that is there and not null.</summary>
    public JsonPlace? Find(string name)
    {
        try
        {
            return IsObject && Value.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null ? new JsonPlace(File, Inside(name), member) : null;
        }
        catch (InvalidOperationException)
        {
            throw HalfName;
        }
    }

    /// <summary>A member that is true; a missing one has the value given.</summary>
    public bool Flag(string name, bool missing = false) => Find(name) is not { } flag
        ? missing
        : flag.Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? flag.Value.GetBoolean() : throw flag.Wrong("true or false");

    public string Text()
    {
        if (!IsString)
            throw Wrong("a string");
        try
        {
            return Value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong("a string of whole characters");
        }
    }

    public long Integer() => IsNumber && Value.TryGetInt64(out long number) ? number : throw Wrong("a whole number");

    public IEnumerable<JsonPlace> Items()
    {
        if (!IsArray)
            throw Wrong("a list");
        int index = 0;
        foreach (JsonElement item in Value.EnumerateArray())
            yield return new JsonPlace(File, $"{Where}[{index++}]", item);
    }

    public IEnumerable<(string Name, JsonPlace Value)> Members()
    {
        if (!IsObject)
            throw Wrong("an object");
        foreach (JsonProperty member in Value.EnumerateObject())
        {
            string name = NameOf(member);
            yield return (name, new JsonPlace(File, Inside(name), member.Value));
        }
    }

    public AlignmentDataException Wrong(string expected) => new($"{File}: {Place} is {Kind}; expected {expected}.");

    private AlignmentDataException HalfName => new($"{File}: {Place} has a name with half a character in it; expected whole characters.");

    private string Place => Where.Length == 0 ? "the whole" : Quoted.Shown(Where);

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw HalfName;
        }
    }

    private string Kind => Value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => Quoted.Shown(Value.GetRawText()),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };

    private string Inside(string name) => Where.Length == 0 ? name : $"{Where}.{name}";
}

/// <summary>Strings of a file in a message: short, on one line.</summary>
internal static class Quoted
{
    private const int Longest = 60;

    public static string Text(string text) => $"\"{Shown(text)}\"";

    public static string Shown(string text)
    {
        string start = text.Length <= Longest ? text : text[..Longest] + "…";
        return string.Concat(start.Select(static c => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? $"\\u{(int)c:x4}" : c.ToString()));
    }
}
