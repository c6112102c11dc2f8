using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Facecue.Voice
{
    /// <summary>
    /// Reads the JSON beside a network, for Unity's own reader wants a class for every map. Objects become
    /// Dictionary&lt;string, object&gt;, arrays List&lt;object&gt;, numbers double.
    /// </summary>
    static class Json
    {
        const int MaxDepth = 32;

        /// <summary>The value of a text; FormatException where it is no JSON.</summary>
        public static object Read(string text)
        {
            var reader = new Reader(text);
            var value = reader.Value(0);
            reader.Space();
            if (!reader.AtEnd) throw reader.Wrong("nothing more");
            return value;
        }

        sealed class Reader
        {
            readonly string _text;
            int _at;

            public Reader(string text) => _text = text;

            public bool AtEnd => _at >= _text.Length;

            public FormatException Wrong(string wanted) =>
                new FormatException("the network's JSON has " + (AtEnd ? "its end" : "'" + _text[_at] + "'") +
                                    " at character " + _at + ", not " + wanted + "; export it again");

            public void Space()
            {
                while (!AtEnd && " \t\r\n".IndexOf(_text[_at]) >= 0) _at++;
            }

            public object Value(int depth)
            {
                if (depth > MaxDepth) throw Wrong("so many levels");
                Space();
                if (AtEnd) throw Wrong("a value");
                switch (_text[_at])
                {
                    case '{': return Map(depth);
                    case '[': return List(depth);
                    case '"': return Text();
                    case 't': return Word("true", true);
                    case 'f': return Word("false", false);
                    case 'n': return Word("null", null);
                    default: return Number();
                }
            }

            Dictionary<string, object> Map(int depth)
            {
                var map = new Dictionary<string, object>();
                _at++;
                Space();
                if (Took('}')) return map;
                for (;;)
                {
                    Space();
                    var key = Text();
                    Space();
                    Take(':');
                    map[key] = Value(depth + 1);
                    Space();
                    if (Took('}')) return map;
                    Take(',');
                }
            }

            List<object> List(int depth)
            {
                var list = new List<object>();
                _at++;
                Space();
                if (Took(']')) return list;
                for (;;)
                {
                    list.Add(Value(depth + 1));
                    Space();
                    if (Took(']')) return list;
                    Take(',');
                }
            }

            string Text()
            {
                Take('"');
                var text = new StringBuilder();
                while (!AtEnd && _text[_at] != '"')
                {
                    var c = _text[_at++];
                    if (c != '\\')
                    {
                        text.Append(c);
                        continue;
                    }
                    if (AtEnd) break;
                    c = _text[_at++];
                    var plain = "\"\\/bfnrt".IndexOf(c);
                    if (plain >= 0) text.Append("\"\\/\b\f\n\r\t"[plain]);
                    else if (c == 'u' && _at + 4 <= _text.Length) text.Append(Unicode());
                    else throw Wrong("an escape");
                }
                Take('"');
                return text.ToString();
            }

            char Unicode()
            {
                int code;
                if (!int.TryParse(_text.Substring(_at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code))
                    throw Wrong("four hexadecimal digits");
                _at += 4;
                return (char)code;
            }

            double Number()
            {
                var start = _at;
                while (!AtEnd && "+-.eE0123456789".IndexOf(_text[_at]) >= 0) _at++;
                double value;
                if (!double.TryParse(_text.Substring(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out value))
                    throw Wrong("a number");
                return value;
            }

            object Word(string word, object value)
            {
                if (string.CompareOrdinal(_text, _at, word, 0, word.Length) != 0) throw Wrong(word);
                _at += word.Length;
                return value;
            }

            bool Took(char c)
            {
                if (AtEnd || _text[_at] != c) return false;
                _at++;
                return true;
            }

            void Take(char c)
            {
                if (!Took(c)) throw Wrong("'" + c + "'");
            }
        }
    }
}
