using System.Text.Json;
using PtaKernels.Corpus;

namespace PtaKernels.Training;

/// <summary>A question of a task: several choices of which one is right, or one text that must follow (cloze).</summary>
/// <param name="Task">Its task.</param>
/// <param name="Id">Its name within the task.</param>
/// <param name="Context">What comes before; may be empty where the tokenizer has a begin or end of sequence to stand there.</param>
/// <param name="Choices">What may follow, as it stands there, with its own space before it where there is one; a single text for cloze.</param>
/// <param name="Answer">The right choice; null for cloze.</param>
public sealed record TaskItem(string Task, string Id, string Context, IReadOnlyList<string> Choices, int? Answer)
{
    /// <summary>What <see cref="Read"/> takes, for the help of options and for messages.</summary>
    public const string Formats = "JSON lines, plain or .gz, with context, and choices and answer (an index from 0), or target; a folder of such files";

    private static readonly string[] Endings = [".jsonl", ".jsonl.gz"];

    /// <summary>Whether one text must follow.</summary>
    public bool IsCloze => Answer is null;

    /// <summary>The right text.</summary>
    public string Target => Choices[Answer ?? 0];

    /// <summary>Reads a file, or all of a folder in ordinal order of their names.</summary>
    /// <remarks><c>task</c> is the file's name without its ending where a line has none, and <c>id</c> the line's number.</remarks>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="AlignmentDataException">There is no such file, or a line is no such question; one sentence with file and line.</exception>
    public static IReadOnlyList<TaskItem> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string[] files = Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path).Where(static f => Endings.Any(e => f.EndsWith(e, StringComparison.Ordinal))).Order(StringComparer.Ordinal)]
            : [path];
        TaskItem[] items = [.. files.SelectMany(static file => JsonLines.ReadLines(file).Select(line => Parse(file, line)))];
        return items.Length > 0 ? items : throw new AlignmentDataException($"{path}: holds no question; name a file or folder that does: {Formats}.");
    }

    private static TaskItem Parse(string path, NumberedLine line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line.Text);
            JsonElement root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw Bad("is no JSON object");
            string context = Text("context") ?? throw Bad("has no string context");
            string task = Text("task") ?? DefaultTask(path), id = root.TryGetProperty("id", out JsonElement given) ? given.ToString() : $"line {line.Number}";
            if (root.TryGetProperty("choices", out JsonElement choices))
            {
                if (root.TryGetProperty("target", out _))
                    throw Bad("has both choices and target; keep one");
                if (choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() < 2 || choices.EnumerateArray().Any(static c => c.ValueKind != JsonValueKind.String))
                    throw Bad("choices is no list of two or more strings");
                string[] texts = [.. choices.EnumerateArray().Select(static c => c.GetString()!)];
                int empty = Array.IndexOf(texts, "");
                if (empty >= 0)
                    throw Bad($"choice {empty} is empty; each must have text to score");
                if (!root.TryGetProperty("answer", out JsonElement answer) || answer.ValueKind != JsonValueKind.Number || !answer.TryGetInt32(out int right) || right < 0 || right >= texts.Length)
                    throw Bad($"answer is no index from 0 to {texts.Length - 1} of the choices");
                return new TaskItem(task, id, context, texts, right);
            }

            string target = Text("target") ?? throw Bad("has neither choices nor a string target");
            return target.Length > 0 ? new TaskItem(task, id, context, [target], null) : throw Bad("target is empty; it must have text to score");

            string? Text(string field) => root.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new AlignmentDataException($"{path}, line {line.Number}: not whole JSON; make the file again.", e);
        }

        AlignmentDataException Bad(string what) => new($"{path}, line {line.Number}: {what}.");
    }

    private static string DefaultTask(string path)
    {
        string name = Path.GetFileName(path);
        return Endings.OrderByDescending(static e => e.Length).FirstOrDefault(e => name.EndsWith(e, StringComparison.Ordinal)) is { } ending ? name[..^ending.Length] : name;
    }
}
