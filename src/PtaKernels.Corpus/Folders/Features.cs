using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace PtaKernels.Corpus.Folders;

/// <summary>Arrow types as Hugging Face features: <c>{"feature": {"dtype": "int32", "_type": "Value"}, "_type": "Sequence"}</c>.</summary>
internal static class Features
{
    /// <summary>The <c>features</c> object of a schema.</summary>
    /// <param name="fields">The columns.</param>
    /// <param name="file">A file of the input, for messages.</param>
    /// <param name="given">What the input already says of a column that is copied, or null.</param>
    public static byte[] Of(IEnumerable<Field> fields, string file, Func<string, JsonElement?> given)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (Field field in fields)
            {
                json.WritePropertyName(field.Name);
                if (given(field.Name) is { } feature)
                    feature.WriteTo(json);
                else
                    Write(json, field.DataType, $"{file}: column {field.Name}");
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter json, IArrowType type, string where)
    {
        json.WriteStartObject();
        if (type is StructType record)
        {
            foreach (Field field in record.Fields)
            {
                json.WritePropertyName(field.Name);
                Write(json, field.DataType, where);
            }
        }
        else if (ArrowLists.ItemOf(type) is { } item)
        {
            json.WritePropertyName("feature");
            Write(json, item, where);
            if (type is FixedSizeListType fixedSize)
                json.WriteNumber("length", fixedSize.ListSize);
            json.WriteString("_type", type is LargeListType ? "LargeList" : "Sequence");
        }
        else
        {
            json.WriteString("dtype", NameOf(type) ?? throw new AlignmentDataException($"{where} is {type.Name}, which {DatasetFolder.InfoFile} does not describe; describe it there, or remove the column."));
            json.WriteString("_type", "Value");
        }

        json.WriteEndObject();
    }

    private static string? NameOf(IArrowType type) => type.TypeId switch
    {
        ArrowTypeId.Null => "null",
        ArrowTypeId.Boolean => "bool",
        ArrowTypeId.Int8 => "int8",
        ArrowTypeId.Int16 => "int16",
        ArrowTypeId.Int32 => "int32",
        ArrowTypeId.Int64 => "int64",
        ArrowTypeId.UInt8 => "uint8",
        ArrowTypeId.UInt16 => "uint16",
        ArrowTypeId.UInt32 => "uint32",
        ArrowTypeId.UInt64 => "uint64",
        ArrowTypeId.HalfFloat => "float16",
        ArrowTypeId.Float => "float32",
        ArrowTypeId.Double => "float64",
        ArrowTypeId.String => "string",
        ArrowTypeId.LargeString => "large_string",
        ArrowTypeId.Binary => "binary",
        ArrowTypeId.LargeBinary => "large_binary",
        ArrowTypeId.Date32 => "date32",
        ArrowTypeId.Date64 => "date64",
        _ => null,
    };
}
