using System.Globalization;
using System.Text.Json;

namespace PtaKernels.Training;

/// <summary>One object of a <c>config.json</c>: what is asked for is checked, and what nobody asked for is refused at the end.</summary>
internal sealed class ConfigOptions
{
    private readonly string _path;
    private readonly string _prefix;
    private readonly JsonElement _object;
    private readonly Action<string> _notice;
    private readonly HashSet<string> _known = [];

    /// <summary>An object.</summary>
    /// <param name="path">The file, named in errors.</param>
    /// <param name="prefix">Empty, or the object's name and a dot.</param>
    /// <param name="element">The object.</param>
    /// <param name="notice">Takes sentences about options that have no effect here.</param>
    public ConfigOptions(string path, string prefix, JsonElement element, Action<string> notice)
    {
        _path = path;
        _prefix = prefix;
        _object = element;
        _notice = notice;
    }

    /// <summary>Whether an option is there and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Whether an option is there and null, where that says something else than its absence.</summary>
    public bool IsNull(string name)
    {
        _known.Add(name);
        return _object.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Null;
    }

    /// <summary>A whole number, at least 1.</summary>
    public int Count(string name, int? otherwise = null) => Find(name) switch
    {
        null => otherwise ?? throw Error(name, "is missing; copy the file from the model's origin"),
        { ValueKind: JsonValueKind.Number } e when e.TryGetInt32(out int value) && value >= 1 => value,
        _ => throw Error(name, "must be a whole number of at least 1"),
    };

    /// <summary>A whole number, at least 0.</summary>
    public int CountOrZero(string name, int otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.Number } e when e.TryGetInt32(out int value) && value >= 0 => value,
        _ => throw Error(name, "must be a whole number of at least 0"),
    };

    /// <summary>A positive number.</summary>
    public double? Positive(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } e when e.TryGetDouble(out double value) && value > 0 && double.IsFinite(value) => value,
        _ => throw Error(name, "must be a positive number"),
    };

    /// <summary>True or false.</summary>
    public bool Flag(string name, bool otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Error(name, "must be true or false"),
    };

    /// <summary>A text.</summary>
    public string Text(string name, string otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.String } e => e.GetString()!,
        _ => throw Error(name, "must be a text"),
    };

    /// <summary>Texts, or null.</summary>
    public string[]? Texts(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } e when e.EnumerateArray().All(static t => t.ValueKind == JsonValueKind.String) => [.. e.EnumerateArray().Select(static t => t.GetString()!)],
        _ => throw Error(name, "must be a list of texts"),
    };

    /// <summary>An object, or null.</summary>
    public ConfigOptions? Object(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } e => new ConfigOptions(_path, $"{_prefix}{name}.", e, _notice),
        _ => throw Error(name, "must be an object"),
    };

    /// <summary>One of several texts.</summary>
    public T Choice<T>(string name, string otherwise, IReadOnlyDictionary<string, T> choices)
    {
        string text = Text(name, otherwise);
        return choices.TryGetValue(text, out T? value) ? value : throw Error(name, $"is '{text}', which is not supported; supported: {string.Join(", ", choices.Keys)}");
    }

    /// <summary>Options that say nothing about what is computed.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            _known.Add(name);
    }

    /// <summary>Options that are supported with one value only.</summary>
    /// <param name="value">That value, which absent options have too.</param>
    /// <param name="names">The options.</param>
    public void Only(string value, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Find(name) is { } found && !IsValue(found, value))
                throw Error(name, $"is {found}, which is not supported; only {value} is");
        }
    }

    /// <summary>Probabilities of dropout, which training here does without.</summary>
    public void Dropout(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Find(name) is { ValueKind: JsonValueKind.Number } found && found.GetDouble() > 0)
                _notice($"{_path}: option '{_prefix}{name}' is {found}; models are trained without dropout here.");
        }
    }

    /// <summary>Refuses what nobody asked for, unless it is null or false.</summary>
    public void Finish()
    {
        foreach (JsonProperty property in _object.EnumerateObject())
        {
            if (!_known.Contains(property.Name) && property.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False))
                throw Error(property.Name, "is not known; take it out of the file if it does not change what the model computes");
        }
    }

    /// <summary>An error about one option.</summary>
    public AlignmentDataException Error(string name, string what) => new($"{_path}: option '{_prefix}{name}' {what}.");

    // True and False are what JSON's words become as text; 1.0 is 1.
    private static bool IsValue(JsonElement found, string value) => found.ValueKind == JsonValueKind.Number
        ? double.TryParse(value, CultureInfo.InvariantCulture, out double number) && found.TryGetDouble(out double given) && given == number
        : string.Equals(found.ToString(), value, StringComparison.OrdinalIgnoreCase);

    private JsonElement? Find(string name)
    {
        _known.Add(name);
        return _object.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }
}
