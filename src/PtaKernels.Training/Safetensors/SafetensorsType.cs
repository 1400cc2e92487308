using static TorchSharp.torch;

namespace PtaKernels.Training.Safetensors;

/// <summary>The types of the safetensors format, by the names in its headers.</summary>
internal static class SafetensorsType
{
    private static readonly Dictionary<string, int> Sizes = new()
    {
        ["BOOL"] = 1,
        ["U8"] = 1,
        ["I8"] = 1,
        ["F8_E5M2"] = 1,
        ["F8_E4M3"] = 1,
        ["I16"] = 2,
        ["U16"] = 2,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["I32"] = 4,
        ["U32"] = 4,
        ["F32"] = 4,
        ["I64"] = 8,
        ["U64"] = 8,
        ["F64"] = 8,
    };

    /// <summary>Bytes of one element; 0 for a name that the format does not know.</summary>
    public static int Size(string name) => Sizes.GetValueOrDefault(name);

    /// <summary>The type of a weight, or null where a name is no type that weights have.</summary>
    public static ScalarType? OfWeight(string name) => name switch
    {
        "BF16" => ScalarType.BFloat16,
        "F16" => ScalarType.Float16,
        "F32" => ScalarType.Float32,
        _ => null,
    };

    /// <summary>Name of a weight's type.</summary>
    public static string NameOf(ScalarType type) => type switch
    {
        ScalarType.BFloat16 => "BF16",
        ScalarType.Float16 => "F16",
        ScalarType.Float32 => "F32",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Weights are bfloat16, float16 or float32."),
    };

    /// <summary>What <c>torch_dtype</c> of a <c>config.json</c> calls it.</summary>
    public static string ConfigNameOf(ScalarType type) => type switch
    {
        ScalarType.BFloat16 => "bfloat16",
        ScalarType.Float16 => "float16",
        ScalarType.Float32 => "float32",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Weights are bfloat16, float16 or float32."),
    };
}

/// <summary>One tensor of a file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Name of its type in the format.</param>
/// <param name="Shape">Extents; empty for a single number.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">One after the last.</param>
internal sealed record SafetensorsEntry(string Name, string Type, long[] Shape, long Begin, long End)
{
    /// <summary>Bytes.</summary>
    public long Length => End - Begin;

    /// <summary>The extents as error messages show them.</summary>
    public string ShapeText => Describe(Shape);

    /// <summary>Extents as <c>[2, 3]</c>.</summary>
    public static string Describe(long[] shape) => $"[{string.Join(", ", shape)}]";
}
