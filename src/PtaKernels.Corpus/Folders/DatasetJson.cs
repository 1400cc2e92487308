using System.Text.Json;

namespace PtaKernels.Corpus.Folders;

/// <summary>Reading the JSON files of a dataset folder.</summary>
internal static class DatasetJson
{
    /// <summary>A file's object.</summary>
    /// <exception cref="AlignmentDataException">The file is no JSON object.</exception>
    public static JsonDocument Read(string file)
    {
        try
        {
            JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                return json;
            json.Dispose();
        }
        catch (JsonException e)
        {
            throw new AlignmentDataException($"{file}: not whole JSON; copy or save the dataset again.", e);
        }

        throw new AlignmentDataException($"{file}: is no JSON object; copy or save the dataset again.");
    }

    /// <summary>A list of names inside the folder.</summary>
    public static string[] Strings(string file, JsonElement root, string property) =>
        root.TryGetProperty(property, out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(v => Name(file, v))]
            : throw new AlignmentDataException($"{file}: has no list {property}; copy or save the dataset again.");

    /// <summary>The Arrow files that a <c>state.json</c> lists.</summary>
    public static string[] FileNames(string file, JsonElement root) =>
        root.TryGetProperty("_data_files", out JsonElement list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0
            ? [.. list.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Object && v.TryGetProperty("filename", out JsonElement name)
                ? Name(file, name)
                : throw new AlignmentDataException($"{file}: an entry of _data_files has no filename; copy or save the dataset again."))]
            : throw new AlignmentDataException($"{file}: lists no _data_files; copy or save the dataset again.");

    /// <summary>A text.</summary>
    /// <exception cref="AlignmentDataException">It is no Unicode.</exception>
    public static string Text(string file, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new AlignmentDataException($"{file}: a text in it is no Unicode; copy or save the dataset again.", e);
        }
    }

    private static string Name(string file, JsonElement value) =>
        value.ValueKind == JsonValueKind.String && Text(file, value) is { Length: > 0 } name && name == Path.GetFileName(name) && name is not ("." or "..")
            ? name
            : throw new AlignmentDataException($"{file}: {value.GetRawText()} is no name inside the folder; copy or save the dataset again.");
}
