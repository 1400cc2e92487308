using System.ComponentModel;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;

namespace PtaKernels.Pipeline;

/// <summary>Reads and writes configurations: JSON with comments and trailing commas; a name that means nothing is refused.</summary>
public static class FuseConfigFile
{
    internal static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver(),
    };

    /// <summary>What a new user starts from.</summary>
    private static readonly FuseConfig Example = new()
    {
        Output = "fused/",
        Documents = "corpus.jsonl",
        Target = new ModelConfigEntry { Model = "models/target/" },
        Sources = [new ModelConfigEntry { Name = "first", Model = "models/first/" }, new ModelConfigEntry { Name = "second", Model = "models/second/" }],
        Students = [new StudentConfig { Name = "fused" }],
        Control = "clm",
        Evaluation = new EvaluationConfig { Documents = "heldout.jsonl" },
    };

    /// <summary>Reads a configuration.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="AlignmentDataException">It is missing, no JSON, has unknown or missing names, or values without meaning: one sentence.</exception>
    public static FuseConfig Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            string text = File.ReadAllText(path);
            JsonNode? root = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (root is not JsonObject json)
                throw new AlignmentDataException($"{path}: is no JSON object; `pta fuse --print-default-config` shows one.");
            json.Remove("$schema");
            return json.Deserialize<FuseConfig>(Options)!;
        }
        catch (JsonException e)
        {
            throw new AlignmentDataException($"{path}: {Sentence(e)}; `pta fuse --print-default-config` shows every name with its meaning.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AlignmentDataException(e is FileNotFoundException or DirectoryNotFoundException
                ? $"{path}: no such file; `pta fuse --print-default-config > {Path.GetFileName(path)}` writes one to start from."
                : $"{path}: {e.Message}", e);
        }
    }

    /// <summary>A configuration with every name, its default and a comment.</summary>
    public static string Default()
    {
        var text = new StringBuilder();
        Write(text, JsonSerializer.SerializeToNode(Example, Options)!, typeof(FuseConfig), "");
        return text.Append('\n').ToString();
    }

    /// <summary>The JSON schema, for editors.</summary>
    public static string Schema()
    {
        JsonNode schema = Options.GetJsonSchemaAsNode(typeof(FuseConfig), new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = static (context, node) =>
            {
                string? meaning = context.PropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), false).OfType<DescriptionAttribute>().FirstOrDefault()?.Description;
                if (meaning is not null && node is JsonObject one)
                    one.Insert(0, "description", meaning);
                return node;
            },
        });
        var root = schema.AsObject();
        root.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        root["properties"]!.AsObject()["$schema"] = new JsonObject { ["type"] = "string" };
        return root.ToJsonString(Options) + "\n";
    }

    /// <summary>The JSON text of a configuration, without comments.</summary>
    internal static string Text(FuseConfig config) => JsonSerializer.Serialize(config, Options);

    private static void Write(StringBuilder text, JsonNode? node, Type? type, string indent)
    {
        switch (node)
        {
            case JsonObject json when json.Count > 0:
                text.Append("{\n");
                string inner = indent + "  ";
                int place = 0;
                foreach ((string name, JsonNode? value) in json)
                {
                    PropertyInfo? property = type?.GetProperties().FirstOrDefault(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name) == name);
                    if (property?.GetCustomAttribute<DescriptionAttribute>()?.Description is { } meaning)
                        text.Append(inner).Append("// ").Append(meaning).Append('\n');
                    text.Append(inner).Append(JsonSerializer.Serialize(name, Options)).Append(": ");
                    Write(text, value, property?.PropertyType, inner);
                    text.Append(++place < json.Count ? ",\n" : "\n");
                }

                text.Append(indent).Append('}');
                break;
            case JsonArray { Count: > 0 } array:
                Type? item = type is { IsGenericType: true } ? type.GetGenericArguments()[0] : null;
                text.Append("[\n");
                for (int i = 0; i < array.Count; i++)
                {
                    text.Append(indent).Append("  ");
                    // The first item says what the names mean.
                    Write(text, array[i], i == 0 ? item : null, indent + "  ");
                    text.Append(i + 1 < array.Count ? ",\n" : "\n");
                }

                text.Append(indent).Append(']');
                break;
            default:
                text.Append(node?.ToJsonString(Options) ?? "null");
                break;
        }
    }

    /// <summary>The first sentence of a message, without .NET type names, and the place.</summary>
    private static string Sentence(JsonException e)
    {
        string message = e.Message.Split([" Path:", " LineNumber:"], StringSplitOptions.None)[0].TrimEnd('.');
        if (message.Contains("The JSON property '", StringComparison.Ordinal))
            message = $"'{message.Split('\'')[1]}' is no name of a setting";
        else if (message.Contains("missing required properties", StringComparison.Ordinal))
            message = $"{message[(message.LastIndexOf("including:", StringComparison.Ordinal) + "including:".Length)..].Trim()} is missing";
        else if (message.Contains("could not be converted", StringComparison.Ordinal))
            message = "a value has another type than it should";
        return e.Path is { Length: > 1 } path ? $"{path.TrimStart('$', '.')}: {message}" : e.LineNumber is { } line ? $"line {line + 1}: {message}" : message;
    }
}
